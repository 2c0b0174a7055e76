"""What an office would write by itself: imap_tools, email and sqlite3 (WAL), 200 mails at a time, one row a mail.

Run by benches/drain.rs: HOST PORT CA-FILE USER PASSWORD DATABASE. Prints the seconds that it took.
"""

import email
import email.policy
import hashlib
import sqlite3
import ssl
import sys
import time

from imap_tools import MailBox

host, port, ca_file, user, password, database = sys.argv[1:]
began = time.monotonic()
context = ssl.create_default_context(cafile=ca_file)
store = sqlite3.connect(database)
store.execute("PRAGMA journal_mode = WAL")
store.execute("PRAGMA synchronous = FULL")
store.execute("CREATE TABLE submissions (uid INTEGER PRIMARY KEY, sha256 TEXT, sender TEXT, subject TEXT, verdict TEXT, raw BLOB)")
with MailBox(host, port=int(port), ssl_context=context).login(user, password) as mailbox:
    rows = []
    for message in mailbox.fetch(mark_seen=False, bulk=200):
        raw = message.obj.as_bytes()
        parsed = email.message_from_bytes(raw, policy=email.policy.default)
        texts = [part.get_content() for part in parsed.walk() if part.get_content_type() == "text/plain"]
        verdict = "accepted" if any("SECURITY ACTION" in text for text in texts) else "missing"
        row = (message.uid, hashlib.sha256(raw).hexdigest(), str(parsed["from"]), str(parsed["subject"]), verdict, raw)
        rows.append(row)
        if len(rows) == 200:
            with store:
                store.executemany("INSERT INTO submissions VALUES (?, ?, ?, ?, ?, ?)", rows)
            rows = []
    with store:
        store.executemany("INSERT INTO submissions VALUES (?, ?, ?, ?, ?, ?)", rows)
stored = store.execute("SELECT count(*) FROM submissions").fetchone()[0]
print(stored, time.monotonic() - began)
