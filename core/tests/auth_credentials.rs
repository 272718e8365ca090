//! The credentials parser against a second one that is written down the grammar, and challenges read back.

use proptest::prelude::*;
use sallet_core::Cursor;
use sallet_core::auth::{Challenge, Credentials, Realm, Refusal, Scopes};

/// RFC 9110 section 11.4, one function per rule, with slices and backtracking instead of one pass.
mod reference {
    #[derive(Debug, PartialEq)]
    pub(crate) enum Value {
        None,
        Token68(Vec<u8>),
        Params(Vec<(Vec<u8>, Vec<u8>)>),
    }

    const TOKEN: &[u8] = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const TOKEN68: &[u8] = b"-._~+/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    fn is_token(text: &[u8]) -> bool {
        !text.is_empty() && text.iter().all(|byte| TOKEN.contains(byte))
    }

    fn trim(mut text: &[u8]) -> &[u8] {
        while text.first().is_some_and(|byte| b" \t".contains(byte)) {
            text = &text[1..];
        }
        while text.last().is_some_and(|byte| b" \t".contains(byte)) {
            text = &text[..text.len() - 1];
        }
        text
    }

    /// Cuts at the commas that are outside quotes.
    fn elements(text: &[u8]) -> Option<Vec<Vec<u8>>> {
        let (mut all, mut one, mut quoted, mut escaped) = (vec![], vec![], false, false);
        for &byte in text {
            if byte == b',' && !quoted {
                all.push(std::mem::take(&mut one));
                continue;
            }
            if escaped {
                escaped = false;
            } else if quoted && byte == b'\\' {
                escaped = true;
            } else if byte == b'"' {
                quoted = !quoted;
            }
            one.push(byte);
        }
        all.push(one);
        (!quoted).then_some(all)
    }

    fn unquote(text: &[u8]) -> Option<Vec<u8>> {
        let inner = text.strip_prefix(b"\"")?;
        let mut out = vec![];
        let mut bytes = inner.iter();
        loop {
            match *bytes.next()? {
                b'"' => return bytes.as_slice().is_empty().then_some(out),
                b'\\' => match *bytes.next()? {
                    0..=8 | 10..=31 | 127 => return None,
                    byte => out.push(byte),
                },
                0..=8 | 10..=31 | 127 => return None,
                byte => out.push(byte),
            }
        }
    }

    fn param(text: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        let at = text.iter().position(|&byte| byte == b'=')?;
        let (name, value) = (trim(&text[..at]), trim(&text[at + 1..]));
        // BWS may stand beside the sign only; what trim took at the outer ends was part of the list's OWS.
        let value = if is_token(value) { value.to_vec() } else { unquote(value)? };
        is_token(name).then(|| (name.to_vec(), value))
    }

    pub(crate) fn parse(text: &[u8]) -> Option<(Vec<u8>, Value)> {
        if text.len() > 8192 {
            return None;
        }
        let text = trim(text);
        let (scheme, rest) = match text.iter().position(|&byte| byte == b' ') {
            Some(at) => (&text[..at], &text[at..]),
            None => (text, &b""[..]),
        };
        if !is_token(scheme) {
            return None;
        }
        let spaces = rest.iter().take_while(|&&byte| byte == b' ').count();
        let rest = &rest[spaces..];
        let scheme = scheme.to_vec();
        if rest.is_empty() {
            return Some((scheme, Value::None));
        }
        let body = rest.iter().rposition(|&byte| byte != b'=').map_or(0, |at| at + 1);
        if body > 0 && rest[..body].iter().all(|byte| TOKEN68.contains(byte)) {
            return Some((scheme, Value::Token68(rest.to_vec())));
        }
        let mut params: Vec<(Vec<u8>, Vec<u8>)> = vec![];
        for element in elements(rest)? {
            let element = trim(&element);
            if !element.is_empty() {
                let (name, value) = param(element)?;
                if params.iter().any(|(other, _)| other.eq_ignore_ascii_case(&name)) || params.len() == 16 {
                    return None;
                }
                params.push((name, value));
            }
        }
        (!params.is_empty()).then_some((scheme, Value::Params(params)))
    }
}

fn sallet(text: &[u8]) -> Option<(Vec<u8>, reference::Value)> {
    let credentials = Credentials::parse(text).ok()?;
    let params: Vec<_> =
        credentials.params().map(|(name, value)| (name.as_bytes().to_vec(), value.bytes().collect())).collect();
    let value = match credentials.token68() {
        Some(token) => reference::Value::Token68(token.as_bytes().to_vec()),
        None if params.is_empty() => reference::Value::None,
        None => reference::Value::Params(params),
    };
    Some((credentials.scheme().as_bytes().to_vec(), value))
}

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
        prop_assert_eq!(sallet(&text), reference::parse(&text));
    }

    #[test]
    fn agrees_with_the_reference_after_a_scheme(rest in near_grammar()) {
        let text = [&b"X "[..], &rest].concat();
        prop_assert_eq!(sallet(&text), reference::parse(&text));
    }

    #[test]
    fn agrees_with_the_reference_on_noise(text in prop::collection::vec(any::<u8>(), 0..64)) {
        prop_assert_eq!(sallet(&text), reference::parse(&text));
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
        which in 0..4_usize,
    ) {
        let refusal = [
            Refusal::Missing,
            Refusal::Malformed(sallet_core::auth::CredentialsError::Value),
            Refusal::InvalidToken,
            Refusal::InsufficientScope,
        ][which];
        let challenge = Challenge::new(Realm::try_new(&realm).unwrap(), refusal, Scopes::try_new(&scopes).unwrap());
        let text = challenge.to_string();
        let mut buf = [0; 256];
        let mut out = Cursor::new(&mut buf);
        challenge.render(&mut out);
        prop_assert_eq!(out.finish().unwrap(), text.as_bytes());

        // A challenge has the grammar of credentials (RFC 9110 sections 11.3 and 11.4).
        let (scheme, value) = reference::parse(text.as_bytes()).expect("a challenge is well formed");
        prop_assert_eq!(scheme, b"Bearer");
        let mut expected = vec![(b"realm".to_vec(), realm.into_bytes())];
        if let Some(code) = refusal.error_code() {
            expected.push((b"error".to_vec(), code.as_bytes().to_vec()));
        }
        if refusal == Refusal::InsufficientScope && !scopes.is_empty() {
            expected.push((b"scope".to_vec(), scopes.into_bytes()));
        }
        prop_assert_eq!(&value, &reference::Value::Params(expected));
        prop_assert_eq!(sallet(text.as_bytes()).unwrap().1, value);
    }
}
