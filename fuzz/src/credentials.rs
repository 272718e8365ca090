//! `Authorization`, read by the core alone: what it takes, it takes in one way.

use sallet_core::auth::{
    AuthScheme, Credentials, CredentialsError, Key, Keyring, Realm, Reason, RequestFields, Requirement, Scopes,
};
use sallet_core::digest_hex;

/// The only token that the ring below knows.
const TOKEN: &str = "abc";
const NOW: u64 = 1_790_000_000;

const ANYBODY: Requirement = Requirement::new(AuthScheme::Bearer, Realm::new("items"), Scopes::EMPTY);
static RING: Keyring = Keyring::new(&[
    Key::new("other", digest_hex!("3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0")),
    Key::new("abc", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")).scopes("read"),
]);

/// One field value; or, cut at line breaks, the field lines of a request.
pub fn credentials(data: &[u8]) {
    one_value(data);
    let lines: Vec<_> = data.split(|&byte| byte == b'\n').collect();
    let single = Credentials::single(lines.iter().copied()).map(|found| found.map(meaning));
    match lines.as_slice() {
        [one] => assert_eq!(single, Credentials::parse(one).map(|found| Some(meaning(found)))),
        _ => assert_eq!(single, Err(CredentialsError::Repeated), "two lines are refused, whatever they say"),
    }
    verdict(&lines);
}

fn one_value(data: &[u8]) {
    let parsed = Credentials::parse(data);
    assert_eq!(parsed.is_err_and(|error| error == CredentialsError::TooLong), data.len() > Credentials::MAX_LEN);
    if let Err(error) = parsed {
        assert!(!error.message().is_empty());
    }
    if let Ok(credentials) = parsed {
        shape(data, &credentials);
        round_trip(credentials);
    }
    // The cap counts every byte of the line, and space around a value is no part of it.
    if let Some(room) = Credentials::MAX_LEN.checked_sub(data.len()) {
        let padded = [&vec![b' '; room], data].concat();
        assert_eq!(Credentials::parse(&padded).map(meaning), parsed.map(meaning), "as long as may be");
        let longer = [&padded[..], b" "].concat();
        assert_eq!(Credentials::parse(&longer).map(meaning), Err(CredentialsError::TooLong));
    }
}

/// What holds of anything that was taken.
fn shape(data: &[u8], credentials: &Credentials<'_>) {
    let scheme = credentials.scheme();
    assert!(crate::abnf::token(scheme.as_bytes()).is_some_and(|(_, rest)| rest.is_empty()), "{scheme:?} is a token");
    assert!(credentials.is(&scheme.to_uppercase()) && credentials.is(&scheme.to_lowercase()), "case does not matter");
    assert!(!credentials.is(&scheme[1..]) && !credentials.is(&format!("{scheme}x")), "the whole name does");

    let params: Vec<_> = credentials.params().map(|(name, _)| name.to_ascii_lowercase()).collect();
    assert!(credentials.token68().is_none() || params.is_empty(), "a token or parameters");
    assert!(params.len() <= Credentials::MAX_PARAMS);
    assert!(params.iter().enumerate().all(|(i, name)| !params[..i].contains(name)), "no name twice: {params:?}");

    assert!(data.iter().all(|&byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f)), "no line ends in a value");
    assert_eq!(
        format!("{credentials:?}"),
        format!("Credentials {{ scheme: {scheme:?}, .. }}"),
        "nothing else is shown"
    );
}

/// Written out again, in the one way that needs no choice, the value means the same.
fn round_trip(credentials: Credentials<'_>) {
    let text = written(credentials);
    if text.len() > Credentials::MAX_LEN {
        return; // quoting made it longer than what is read
    }
    let again = Credentials::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", text.escape_ascii()));
    assert_eq!(meaning(again), meaning(credentials));
    assert_eq!(written(again), text);
}

fn written(credentials: Credentials<'_>) -> Vec<u8> {
    let mut text = credentials.scheme().as_bytes().to_vec();
    if let Some(token) = credentials.token68() {
        text.push(b' ');
        text.extend_from_slice(token.as_bytes());
    }
    for (i, (name, value)) in credentials.params().enumerate() {
        text.extend_from_slice(if i == 0 { b" " } else { b", " });
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b"=\"");
        for byte in value.bytes() {
            if matches!(byte, b'"' | b'\\') {
                text.push(b'\\');
            }
            text.push(byte);
        }
        text.push(b'"');
    }
    text
}

type Meaning = (String, Option<String>, Vec<(String, Vec<u8>)>);

fn meaning(credentials: Credentials<'_>) -> Meaning {
    let params = credentials.params().map(|(name, value)| (name.to_owned(), value.bytes().collect())).collect();
    (credentials.scheme().to_owned(), credentials.token68().map(str::to_owned), params)
}

/// The verdict on the lines, from the token alone.
fn verdict(lines: &[&[u8]]) {
    let expected = match Credentials::single(lines.iter().copied()) {
        Err(error) => Err(Reason::Malformed(error)),
        Ok(Some(found)) if found.is("Bearer") => found.token68().ok_or(Reason::Malformed(CredentialsError::NoToken)),
        Ok(_) => Err(Reason::Missing),
    };
    let fields: Vec<_> = lines.iter().map(|&line| ("authorization", line)).collect();
    let request = RequestFields::new("GET", &fields);
    let token = ANYBODY.read(&request, str::to_owned);
    assert_eq!(token.as_deref(), expected.as_ref().copied());

    let verdict = |scopes| ANYBODY.with_scopes(Scopes::new(scopes)).verdict(&RING, &request, NOW).map(|key| key.id);
    match token.as_deref() {
        Ok(TOKEN) => {
            assert_eq!((verdict(""), verdict("read")), (Ok("abc"), Ok("abc")));
            assert_eq!(verdict("write"), Err(Reason::InsufficientScope));
        }
        Ok(_) => assert_eq!(verdict(""), Err(Reason::Unknown), "one token is known"),
        Err(reason) => assert_eq!(verdict(""), Err(*reason)),
    }
}
