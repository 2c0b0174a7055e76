"""Prints the mails of an INBOX as JSON: a reader that shares no code with the project.

Usage: read_mail.py PORT CA_FILE USER PASSWORD
"""

import email
import email.policy
import imaplib
import json
import ssl
import sys


def main() -> None:
    port, ca_file, user, password = sys.argv[1:5]
    context = ssl.create_default_context(cafile=ca_file)
    client = imaplib.IMAP4_SSL("localhost", int(port), ssl_context=context, timeout=30)
    client.login(user, password)
    client.select("INBOX", readonly=True)
    _, (numbers,) = client.search(None, "ALL")
    mails = []
    for number in numbers.split():
        _, data = client.fetch(number, "(BODY.PEEK[])")
        message = email.message_from_bytes(data[0][1], policy=email.policy.default)
        headers = {name: str(value) for name, value in message.items()}
        defects = [str(defect) for part in message.walk() for defect in part.defects]
        mails.append({"headers": headers, "text": message.get_content(), "defects": defects})
    client.logout()
    json.dump(mails, sys.stdout, ensure_ascii=False)


main()
