//! The credentials parser against the grammar itself, and challenges read back.

use proptest::prelude::*;
use sallet_core::Cursor;
use sallet_core::auth::{AuthScheme, Credentials, Realm, Refusal, Requirement, Scopes};

// The grammar as the RFC prints it, and what the fuzzer does with it.
#[expect(clippy::missing_const_for_fn, reason = "of another crate")]
#[path = "../../fuzz/src/abnf.rs"]
mod abnf;

#[expect(unreachable_pub, reason = "of another crate")]
#[path = "../../fuzz/src/credentials_against_abnf.rs"]
mod against_abnf;

use against_abnf::credentials_against_abnf;

/// Bytes that mean something to the grammar, far more often than chance would have them.
fn near_grammar() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            &b"Bearer"[..], b"bearer", b" ", b"  ", b"\t", b",", b"=", b"==", b"\"", b"\\", b"a", b"A", b"b=", b"c=d",
            b"realm=\"x\"", b"e=\"f\\\"g\"", b"~+/", b";", b"\x00", b"\x7f", b"\xc3\xa9", b"Bearer abc", b", a=1",
        ]).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 1..3),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn agrees_with_the_reference_near_the_grammar(text in near_grammar()) {
        credentials_against_abnf(&text);
    }

    #[test]
    fn agrees_with_the_reference_after_a_scheme(rest in near_grammar()) {
        let text = [&b"X "[..], &rest].concat();
        credentials_against_abnf(&text);
    }

    #[test]
    fn agrees_with_the_reference_on_noise(text in prop::collection::vec(any::<u8>(), 0..64)) {
        credentials_against_abnf(&text);
    }

    #[test]
    fn debug_shows_nothing_but_the_scheme(token in "[A-Za-z0-9]{20,40}") {
        let text = format!("Bearer {token}");
        let shown = format!("{:?}", Credentials::parse(text.as_bytes()).unwrap());
        prop_assert!(!shown.contains(&token));
    }

    #[test]
    fn every_challenge_reads_back(
        realm in "[ -~]{1,40}",
        scopes in "([!#-\\[\\]-~]{1,8}( [!#-\\[\\]-~]{1,8}){0,3})?",
        refusal in prop::sample::select(Refusal::ALL.to_vec()),
    ) {
        let need = Requirement::new(AuthScheme::Bearer, Realm::new(&realm), Scopes::new(&scopes));
        let Some(challenge) = need.challenge(refusal) else {
            prop_assert!(matches!(refusal, Refusal::Unavailable | Refusal::CrossSite | Refusal::Throttled));
            return Ok(());
        };
        let text = challenge.to_string();
        let mut buf = [0; 256];
        let mut out = Cursor::new(&mut buf);
        challenge.render(&mut out);
        prop_assert_eq!(out.finish().unwrap(), text.as_bytes());

        // A challenge has the grammar of credentials (RFC 9110 sections 11.3 and 11.4).
        let (scheme, rest) = abnf::credentials(text.as_bytes()).expect("a challenge is well formed");
        prop_assert_eq!(scheme, b"Bearer");
        let mut expected = vec![(b"realm".to_vec(), realm.into_bytes())];
        if let Some(code) = refusal.error_code() {
            expected.push((b"error".to_vec(), code.as_bytes().to_vec()));
        }
        if !matches!(refusal, Refusal::Malformed(_)) && !scopes.is_empty() {
            expected.push((b"scope".to_vec(), scopes.into_bytes()));
        }
        prop_assert_eq!(rest, abnf::Rest::Params(expected));
        credentials_against_abnf(text.as_bytes());
    }
}
