use super::*;

fn problems(text: &str) -> Vec<String> {
    match parse(text, Path::new("test.toml")) {
        Ok(_) => Vec::new(),
        Err(ConfigError::Problems { problems, .. }) => problems.iter().map(ToString::to_string).collect(),
        Err(other) => vec![other.to_string()],
    }
}

/// A password file that only its owner can read, and an account that uses it.
fn account(folder: &Path) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join("password");
    fs::write(&path, "kaki\n").expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
    format!(
        "[[accounts]]\nname = \"desk\"\nhost = \"localhost\"\nsecurity = \"plaintext\"\nuser = \"desk@office.example.jp\"\npassword = \"file:{}\"\n",
        path.display()
    )
}

#[test]
fn the_shipped_file_is_a_valid_rule_set() {
    let rules = shipped_rules().expect("valid");
    assert_eq!(rules.kinds.iter().map(|kind| kind.id.as_str()).collect::<Vec<_>>(), ["completion", "acceptance"]);
    assert_eq!(rules.programme.required_stars, 1);
    assert!(rules.is_sender("security-action-info@ipa.go.jp") && rules.is_sender("x@sub.ipa.go.jp") && !rules.is_sender("x@notipa.go.jp"));
}

#[test]
fn a_small_file_is_enough() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let configuration = parse(&account(folder.path()), Path::new("test.toml")).expect("valid");
    assert_eq!(configuration.accounts.len(), 1);
    assert_eq!(configuration.judging.sender("desk").address, "desk@office.example.jp");
    assert!(configuration.judging.rules.gates.own_addresses.contains(&"desk@office.example.jp".to_owned()));
}

/// The lines `#= ` of the shipped file are an account; switched on, they must be valid but for the password's place, and state the defaults.
#[test]
fn the_commented_account_states_the_defaults() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let least = account(folder.path());
    let password = least.lines().find(|line| line.starts_with("password")).expect("there").to_owned();
    let commented: Vec<String> = SHIPPED.lines().filter_map(|line| line.strip_prefix("#= ")).map(str::to_owned).collect();
    let stated = commented
        .iter()
        .map(|line| if line.starts_with("password") { password.clone() } else { line.clone() })
        .collect::<Vec<_>>()
        .join("\n");
    let stated = parse(&stated, Path::new("stated.toml")).expect("valid").accounts.remove(0);
    let implied = format!("[[accounts]]\nname = \"desk\"\nhost = \"imap.example.jp\"\nuser = \"desk@example.jp\"\n{password}\n");
    let implied = parse(&implied, Path::new("implied.toml")).expect("valid").accounts.remove(0);
    assert_eq!(format!("{stated:?}"), format!("{implied:?}"));
}

#[test]
fn all_problems_are_reported_at_once_with_key_value_and_remedy() {
    let found = problems(
        "[smtp]\nprot = 25\nport = 70000\n[reply]\nmode = \"on\"\nletters = [\"nonsense\"]\n[programme]\nrequired-stars = 3\ndeadline = \"soon\"\naccepted-kinds = [\"x\"]\n[log]\nlevel = 3\n[stroe]\n",
    );
    for expected in [
        "smtp.prot: is not a key of uketsuke; did you mean `port`?",
        "smtp.port = 70000: must be a whole number from 0 to 65535 (port; 0 = the usual one)",
        "reply.mode = \"on\": must be \"off\", \"hold\" or \"send\"",
        "reply.letters = […]: must be a list of \"missing\", \"wrong_type\" and \"accepted\"",
        "programme.required-stars = 3: must be a whole number from 1 to 2 (stars)",
        "programme.deadline = \"soon\": must be a date, as 2026-04-01, or a date with a time, as 2026-04-01T17:00",
        "programme.accepted-kinds = \"x\": no [[notices]] has this id; known are completion, acceptance",
        "log.level = 3: must be a text in quotes",
        "stroe: is not a section of uketsuke; did you mean [store]?",
        "accounts: there is no mailbox to watch; add an [[accounts]] section with host, user and password",
    ] {
        assert!(found.iter().any(|problem| problem == expected), "{expected}\nin\n{}", found.join("\n"));
    }
}

#[test]
fn a_password_in_the_file_is_refused_and_not_repeated() {
    let found = problems("[[accounts]]\nname = \"desk\"\nhost = \"localhost\"\nuser = \"u\"\npassword = \"kaki-no-tane\"\n").join("\n");
    assert!(found.contains("must say where the secret is kept") && !found.contains("kaki-no-tane"), "{found}");
}

#[test]
fn plaintext_to_another_machine_is_refused() {
    let found = problems("[[accounts]]\nname = \"desk\"\nhost = \"imap.example.jp\"\nsecurity = \"plaintext\"\nuser = \"u\"\npassword = \"env:UKETSUKE_NO_SUCH_VARIABLE\"\n").join("\n");
    assert!(
        found.contains("would send the password unencrypted to imap.example.jp") && found.contains("UKETSUKE_NO_SUCH_VARIABLE is not set"),
        "{found}"
    );
}

#[test]
fn a_proxy_is_written_in_one_of_two_forms_and_carries_no_plaintext() {
    let of = |rest: &str| problems(&format!("[smtp]\nhost = \"smtp.example.jp\"\n{rest}")).join("\n");
    assert!(
        of("proxy = \"socks4://a:1\"").contains("smtp.proxy = \"socks4://a:1\": must be \"socks5://HOST:PORT\" or \"http://HOST:PORT\"")
    );
    let secret = of("proxy = \"http://u:kaki-no-tane@a:1\"");
    assert!(secret.contains("without a user and a password") && !secret.contains("kaki-no-tane"), "{secret}");
    assert!(of("security = \"plaintext\"\nproxy = \"http://a:1\"").contains("never leaves this machine"));
    assert!(!of("proxy = \"http://a:1\"").contains("proxy"));
}

#[test]
fn sending_without_a_server_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let found = problems(&format!("{}[reply]\nmode = \"send\"\n", account(folder.path()))).join("\n");
    assert!(found.contains("smtp.host: is needed where reply.mode = \"send\""), "{found}");
}

#[test]
fn an_unreadable_or_wrong_letter_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("missing.txt"), "Subject: x\n\n{{ nonsense }}\n").expect("written");
    let found = problems(&format!("{}[reply]\ntemplates = \"{}\"\n", account(folder.path()), folder.path().display())).join("\n");
    assert!(found.contains("missing.txt cannot be used: undefined value") && found.contains("wrong_type.txt cannot be read"), "{found}");
}

#[test]
fn broken_toml_names_the_line() {
    let found = problems("[smtp]\nhost = \n").join("\n");
    assert!(found.contains("is not valid TOML") && found.contains("line 2"), "{found}");
}

#[test]
fn a_third_kind_needs_no_new_release() {
    let rules = {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("rules.toml");
        let own = "[programme]\naccepted-kinds = [\"renewed\"]\n[[notices]]\nid = \"renewed\"\ntitle = \"新しいお知らせ\"\nsubjects = [\"SECURITY ACTION * 新しいお知らせ\"]\nbody-marks = [\"新しい手続き\"]\n";
        fs::write(&path, own).expect("written");
        load_rules(&path).expect("valid")
    };
    assert_eq!(rules.kinds.iter().map(|kind| kind.id.as_str()).collect::<Vec<_>>(), ["renewed"]);
}

#[test]
fn the_port_follows_the_protection() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (security, imap, smtp) in [("tls", 993, 465), ("starttls", 143, 587), ("plaintext", 143, 25)] {
        let text = format!(
            "{}[smtp]\nhost = \"localhost\"\nsecurity = \"{security}\"\n",
            account(folder.path()).replace("\"plaintext\"", &format!("\"{security}\""))
        );
        let configuration = parse(&text, Path::new("test.toml")).expect("valid");
        assert_eq!(configuration.accounts.first().map(|account| account.port), Some(imap), "{security}");
        assert_eq!(configuration.relay("desk").map(|relay| relay.settings.port), Some(smtp), "{security}");
    }
}

#[test]
fn looking_works_with_a_file_that_has_problems() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("uketsuke.toml");
    fs::write(&path, "[store]\npath = \"/somewhere/uketsuke.db\"\n[reply]\nmode = \"on\"\n[nonsense]\n").expect("written");
    let viewing = load_viewing(&path).expect("looks");
    assert_eq!(viewing.store, PathBuf::from("/somewhere/uketsuke.db"));
    assert_eq!(viewing.problems.len(), 2);
    fs::write(&path, "[store]\npath = 3\n").expect("written");
    assert!(matches!(load_viewing(&path), Err(ConfigError::Problems { .. })));
}

/// An account with tokens, and files with its secrets.
fn with_tokens(folder: &Path, table: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let files = [
        ("secret", "kaki".to_owned()),
        ("key", include_str!("../../tests/tokens/key.pem").to_owned()),
        ("certificate", include_str!("../../tests/tokens/certificate.pem").to_owned()),
        ("nonsense", "himitsu\n".to_owned()),
    ];
    for (name, text) in &files {
        let path = folder.join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
    }
    let account = "[[accounts]]\nname = \"desk\"\nhost = \"localhost\"\nsecurity = \"plaintext\"\nuser = \"desk@office.example.jp\"\n";
    let table = table.replace("@", &folder.display().to_string());
    format!(
        "{account}[accounts.oauth2]\ntoken-url = \"https://login.example.jp/token\"\n{table}\n[store]\npath = \"{}/uketsuke.db\"\n",
        folder.display()
    )
}

const BY_SECRET: &str = "grant = \"client-credentials\"\nclient-id = \"desk\"\nscope = \"mail\"\nclient-secret = \"file:@/secret\"";
const BY_CERTIFICATE: &str =
    "grant = \"client-credentials\"\nclient-id = \"desk\"\nscope = \"mail\"\ncertificate = \"@/certificate\"\nprivate-key = \"file:@/key\"";
const BY_REFRESH: &str = "grant = \"refresh-token\"\nclient-id = \"desk\"\nclient-secret = \"\"\nrefresh-token = \"file:@/secret\"";

#[test]
fn every_grant_can_be_configured_and_lent_to_smtp() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut seen: Vec<crate::token::Credentials> = Vec::new();
    for table in [BY_SECRET, BY_CERTIFICATE, BY_REFRESH] {
        let smtp = "[smtp]\nhost = \"localhost\"\nsecurity = \"plaintext\"\nuser = \"desk@office.example.jp\"\ntokens-of = \"desk\"\n";
        let text = format!("{}{smtp}", with_tokens(folder.path(), table));
        let configuration = parse(&text, Path::new("test.toml")).expect("valid");
        let of_account = configuration.accounts.first().map(|account| account.credentials.clone()).expect("an account");
        let of_smtp =
            configuration.relay("desk").and_then(|relay| relay.settings.login.clone()).map(|login| login.credentials).expect("a login");
        assert_eq!(of_account, of_smtp);
        assert!(!seen.contains(&of_account), "another grant is another identity");
        assert!(!format!("{of_account:?}").contains("kaki"));
        seen.push(of_account);
    }
}

#[test]
fn every_mistake_with_tokens_has_its_remedy() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (table, key, words) in [
        ("grant = \"password\"", "accounts[0].oauth2.grant", "must be \"client-credentials\""),
        ("", "accounts[0].oauth2.grant", "must be"),
        (&BY_SECRET.replace("\"mail\"", "\"\""), "accounts[0].oauth2.scope", "is missing; for Microsoft 365"),
        (&BY_SECRET.replace("client-id = \"desk\"", ""), "accounts[0].oauth2.client-id", "is missing"),
        (&BY_SECRET.replace("file:@/secret", "kaki"), "accounts[0].oauth2.client-secret", "must say where the secret is kept"),
        (&BY_SECRET.replace("client-secret", "client-secert"), "accounts[0].oauth2.client-secert", "did you mean `client-secret`?"),
        (&BY_CERTIFICATE.replace("@/certificate", "@/nonsense"), "accounts[0].oauth2.certificate", "must be in PEM"),
        (&BY_CERTIFICATE.replace("@/key", "@/nonsense"), "accounts[0].oauth2.certificate", "must be an RSA key in PEM"),
        (&BY_CERTIFICATE.replace("@/certificate", "@/absent"), "accounts[0].oauth2.certificate", "cannot be read"),
        (
            "grant = \"service-account\"\nservice-account-key = \"file:@/nonsense\"",
            "accounts[0].oauth2.service-account-key",
            "download it again as JSON",
        ),
    ] {
        let found = problems(&with_tokens(folder.path(), table));
        let named = found.iter().find(|problem| problem.starts_with(key)).unwrap_or_else(|| panic!("{table}: {found:?}"));
        assert!(named.contains(words), "{named}");
        assert!(!found.iter().any(|problem| problem.contains("himitsu")), "{found:?}");
    }
    let elsewhere = with_tokens(folder.path(), BY_SECRET).replace("https://", "ftp://");
    assert!(problems(&elsewhere).iter().any(|problem| problem.contains("write it as https://host/path")), "{:?}", problems(&elsewhere));
    let both = with_tokens(folder.path(), BY_SECRET).replace("[accounts.oauth2]", "password = \"env:HOME\"\n[accounts.oauth2]");
    assert!(problems(&both).iter().any(|problem| problem.contains("is not used beside [accounts.oauth2]")), "{:?}", problems(&both));
    let method = with_tokens(folder.path(), BY_SECRET).replace("[accounts.oauth2]", "login = \"plain\"\n[accounts.oauth2]");
    assert!(problems(&method).iter().any(|problem| problem.starts_with("accounts[0].login")), "{:?}", problems(&method));
    let nobody =
        format!("{}[smtp]\nhost = \"localhost\"\nsecurity = \"plaintext\"\ntokens-of = \"desk\"\n", with_tokens(folder.path(), BY_SECRET));
    assert!(problems(&nobody).iter().any(|problem| problem.contains("needs `user` beside it")), "{:?}", problems(&nobody));
    let lent = format!(
        "{}[smtp]\nhost = \"localhost\"\nsecurity = \"plaintext\"\nuser = \"desk\"\ntokens-of = \"desk\"\n",
        account(folder.path())
    );
    assert!(
        problems(&lent).iter().any(|problem| problem.contains("must be the name of an account that has [accounts.oauth2]")),
        "{:?}",
        problems(&lent)
    );
}
