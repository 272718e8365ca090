//! What `add-a-scheme.patch` adds to the core, against the examples of RFC 7617.

use sallet_core::auth::{AuthScheme, CredentialsError, Realm, Reason, Refusal, Requirement, Scopes};

const NEED: Requirement = Requirement::new(AuthScheme::Basic, Realm::new("foo"), Scopes::new("items:read"));

fn read(lines: &[&[u8]]) -> Result<String, Reason> {
    NEED.read(lines.iter().copied(), str::to_owned)
}

const MALFORMED: Result<String, Reason> = Err(Reason::Malformed(CredentialsError::Value));

#[test]
fn the_examples_of_the_rfc_are_read() {
    // Sections 2 and 2.1.
    assert_eq!(read(&[b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="]).unwrap(), "Aladdin:open sesame");
    assert_eq!(read(&[b"Basic dGVzdDoxMjPCow=="]).unwrap(), "test:123\u{a3}");
}

#[test]
fn the_word_is_of_any_case_and_what_is_empty_is_allowed() {
    assert_eq!(read(&[b"bASIC  Og=="]).unwrap(), ":");
    assert_eq!(read(&[b"Basic YTpiOmM="]).unwrap(), "a:b:c");
}

#[test]
fn base64_has_one_spelling() {
    for value in
        ["QWxhZGRpbjpvcGVuIHNlc2FtZQ", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=", "QWxhZGRpbjpvcGVuIHNlc2FtZR==", "Oj8_", "Oj4-"]
    {
        assert_eq!(read(&[format!("Basic {value}").as_bytes()]), MALFORMED, "{value}");
    }
    assert_eq!(read(&[b"Basic Oj8/"]).unwrap(), ":??");
}

#[test]
fn a_pair_has_a_colon_no_control_character_and_is_utf_8() {
    // `Aladdin`; `a:\n`, `\0:a`, `a:\x7f`, U+0085 after `a:`; `test:123£` in Latin-1.
    for value in ["QWxhZGRpbg==", "YToK", "ADph", "YTp/", "YTrChQ==", "dGVzdDoxMjOj"] {
        assert_eq!(read(&[format!("Basic {value}").as_bytes()]), MALFORMED, "{value}");
    }
}

#[test]
fn a_pair_has_at_most_512_bytes() {
    let most = format!("Basic Onh4{}eHg=", "eHh4".repeat(169));
    assert_eq!(read(&[most.as_bytes()]).unwrap().len(), 512);
    let more = format!("Basic Onh4{}eHh4", "eHh4".repeat(169));
    assert_eq!(read(&[more.as_bytes()]), MALFORMED);
}

#[test]
fn other_lines_are_answered_as_those_of_bearer() {
    let good = &b"Basic Og=="[..];
    assert_eq!(read(&[]), Err(Reason::Missing));
    assert_eq!(read(&[b"Bearer abc"]), Err(Reason::Missing));
    assert_eq!(read(&[b"Basic"]), Err(Reason::Malformed(CredentialsError::NoToken)));
    assert_eq!(read(&[good, good]), Err(Reason::Malformed(CredentialsError::Repeated)));
}

#[test]
fn the_challenge_asks_for_utf_8_and_has_no_error() {
    for refusal in [
        Refusal::Missing,
        Refusal::Malformed(CredentialsError::Value),
        Refusal::InvalidToken,
        Refusal::InsufficientScope,
    ] {
        let challenge = NEED.challenge(refusal).unwrap().to_string();
        assert_eq!(challenge, r#"Basic realm="foo", charset="UTF-8""#, "{refusal:?}");
    }
}
