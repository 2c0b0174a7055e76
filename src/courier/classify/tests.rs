use std::io;
use std::time::Duration;

use super::*;

const NETWORK: Option<TroubleKind> = Some(TroubleKind::Network);
const TLS: Option<TroubleKind> = Some(TroubleKind::Tls);
const SERVER: Option<TroubleKind> = Some(TroubleKind::Server);
const AUTHENTICATION: Option<TroubleKind> = Some(TroubleKind::Authentication);
const POLICY: Option<TroubleKind> = Some(TroubleKind::Policy);

fn answer(phase: Phase, text: &str) -> Failure {
    Failure::answered(phase, text).unwrap()
}

#[test]
fn silence_is_unknown_after_the_dot_and_nowhere_else() {
    let table = [
        (Phase::Greeting, Fate::Untouched),
        (Phase::Hello, Fate::Untouched),
        (Phase::StartTls, Fate::Untouched),
        (Phase::Authentication, Fate::Untouched),
        (Phase::Sender, Fate::Later),
        (Phase::Recipient, Fate::Later),
        (Phase::Data, Fate::Later),
        (Phase::Body, Fate::Later),
        (Phase::FinalDot, Fate::Unknown),
    ];
    for (phase, fate) in table {
        let silent = [
            Failure::Timeout { phase, limit: Duration::from_secs(1) },
            Failure::Lost { phase, source: io::Error::other("cut") },
            Failure::Closed { phase },
        ];
        for failure in silent {
            assert_eq!(judge(&failure), Judgement { fate, trouble: NETWORK }, "{failure}");
        }
        assert_eq!(judge(&Failure::Garbled { phase, line: "?".to_owned() }), Judgement { fate, trouble: SERVER }, "{phase}");
        assert_eq!(judge(&answer(phase, "334 what?")), Judgement { fate, trouble: SERVER }, "{phase}");
    }
}

#[test]
fn answers_are_judged_by_phase_and_code() {
    let table = [
        (Phase::Greeting, "421 too busy", Fate::Untouched, SERVER),
        (Phase::Greeting, "554 5.7.1 your address is listed", Fate::Untouched, POLICY),
        (Phase::Hello, "501 bad name", Fate::Untouched, POLICY),
        (Phase::StartTls, "454 4.3.0 TLS not available", Fate::Untouched, TLS),
        (Phase::StartTls, "502 no", Fate::Untouched, TLS),
        (Phase::Authentication, "454 4.7.0 temporary", Fate::Untouched, SERVER),
        (Phase::Authentication, "535 5.7.8 wrong password", Fate::Untouched, AUTHENTICATION),
        (Phase::Authentication, "504 mechanism", Fate::Untouched, AUTHENTICATION),
        (Phase::Sender, "421 4.7.0 later", Fate::Later, SERVER),
        (Phase::Sender, "452 4.3.1 no space", Fate::Later, SERVER),
        (Phase::Sender, "530 5.7.0 authenticate first", Fate::Untouched, AUTHENTICATION),
        (Phase::Sender, "501 invalid MAIL FROM", Fate::Untouched, POLICY),
        (Phase::Sender, "550 5.7.60 may not send as", Fate::Untouched, POLICY),
        (Phase::Sender, "552 5.3.4 too large", Fate::Never, None),
        (Phase::Recipient, "450 4.2.1 greylisted", Fate::Later, None),
        (Phase::Recipient, "421 4.7.0 closing", Fate::Later, SERVER),
        (Phase::Recipient, "550 5.1.1 no such user", Fate::Never, None),
        (Phase::Recipient, "550 no such user", Fate::Never, None),
        (Phase::Recipient, "554 5.7.1 relay access denied", Fate::Later, POLICY),
        (Phase::Recipient, "530 5.7.0 authenticate first", Fate::Untouched, AUTHENTICATION),
        (Phase::Data, "451 4.3.0 later", Fate::Later, None),
        (Phase::Data, "554 no valid recipients", Fate::Never, None),
        (Phase::Body, "552 too much", Fate::Never, None),
        (Phase::Body, "451 4.3.0 disk", Fate::Later, None),
        (Phase::FinalDot, "451 4.7.1 later", Fate::Later, None),
        (Phase::FinalDot, "421 closing", Fate::Later, SERVER),
        (Phase::FinalDot, "554 5.6.0 content", Fate::Never, None),
        (Phase::FinalDot, "550 5.7.26 unauthenticated sender", Fate::Later, POLICY),
        (Phase::FinalDot, "535 locked", Fate::Later, AUTHENTICATION),
    ];
    for (phase, text, fate, trouble) in table {
        assert_eq!(judge(&answer(phase, text)), Judgement { fate, trouble }, "{phase}: {text}");
    }
}

#[test]
fn faults_before_any_command_touch_no_letter() {
    let host = || "mail.example.jp".to_owned();
    let table = [
        (WireError::Resolve { host: host(), source: io::Error::other("no") }, NETWORK),
        (WireError::Unreachable { host: host(), port: 465, source: io::Error::other("no") }, NETWORK),
        (WireError::ConnectTimeout { host: host(), port: 465, limit: Duration::from_secs(15) }, NETWORK),
        (WireError::CertificateExpired { host: host() }, TLS),
        (WireError::TlsTimeout { host: host(), limit: Duration::from_secs(15) }, TLS),
    ];
    for (error, trouble) in table {
        assert_eq!(judge(&Failure::Wire(error)), Judgement { fate: Fate::Untouched, trouble });
    }
    assert_eq!(judge(&Failure::NoStartTls), Judgement { fate: Fate::Untouched, trouble: TLS });
    assert_eq!(judge(&Failure::BytesBeforeTls), Judgement { fate: Fate::Untouched, trouble: TLS });
    assert_eq!(judge(&Failure::OddChallenge), Judgement { fate: Fate::Untouched, trouble: AUTHENTICATION });
    assert_eq!(judge(&Failure::NoInternationalAddresses), Judgement { fate: Fate::Never, trouble: None });
}

#[test]
fn a_kept_session_is_stale_only_when_it_fails_at_the_sender() {
    for phase in [Phase::Sender, Phase::Recipient, Phase::FinalDot] {
        assert_eq!(is_stale(&Failure::Closed { phase }), phase == Phase::Sender);
        assert_eq!(is_stale(&answer(phase, "421 idle too long")), phase == Phase::Sender);
        assert!(!is_stale(&answer(phase, "451 later")));
        assert!(!is_stale(&Failure::Timeout { phase, limit: Duration::from_secs(1) }));
    }
}

#[test]
fn a_session_survives_a_refused_letter_but_neither_421_nor_silence() {
    assert!(is_session_sound(&answer(Phase::Recipient, "550 5.1.1 no such user")));
    assert!(is_session_sound(&answer(Phase::FinalDot, "451 later")));
    assert!(!is_session_sound(&answer(Phase::Recipient, "421 closing")));
    assert!(!is_session_sound(&answer(Phase::Data, "250 what")));
    assert!(!is_session_sound(&Failure::Closed { phase: Phase::Recipient }));
}
