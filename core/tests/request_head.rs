//! Request heads: what is read, what is refused, and that nothing is read in two ways.
#![cfg(feature = "httparse")]

use sallet_core::auth::CredentialsError;
use sallet_core::{BodyLength, HeadError, RequestHead};

fn parse(bytes: &[u8]) -> Result<Option<RequestHead<'_>>, HeadError> {
    RequestHead::parse(bytes)
}

/// A head with one `Host` and these lines.
fn head(request: &str, lines: &[&str]) -> Vec<u8> {
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    format!("{request}\r\nHost: a.example\r\n{lines}\r\n").into_bytes()
}

fn refused(bytes: &[u8]) -> HeadError {
    parse(bytes).expect_err(&bytes.escape_ascii().to_string())
}

#[test]
fn the_parts_are_slices_of_the_input() {
    let bytes = head("GET /items?a=b?c HTTP/1.1", &["X-Empty:", "authorization:  Bearer abc \t", "X-Empty: x"]);
    let whole = [&bytes[..], b"body"].concat();
    let head = parse(&whole).unwrap().unwrap();
    assert_eq!((head.method(), head.target()), ("GET", "/items?a=b?c"));
    assert_eq!((head.path(), head.query()), ("/items", Some("a=b?c")));
    assert_eq!((head.len(), head.body()), (bytes.len(), BodyLength::Bytes(0)));
    assert_eq!(head.field_lines("x-EMPTY").collect::<Vec<_>>(), [&b""[..], b"x"]);
    assert_eq!(head.field_lines("x-none").count(), 0);
    assert_eq!(head.field_lines("").count(), 0, "unused places are no fields");
    assert_eq!(head.authorization().unwrap().unwrap().token68(), Some("abc"));
    let token = head.field_lines("authorization").next().unwrap();
    assert!(whole.as_ptr_range().contains(&token.as_ptr()), "nothing is copied");
}

#[test]
fn a_head_in_pieces() {
    let bytes = head("PUT /led HTTP/1.1", &["Content-Length: 2", "Authorization: Bearer abc"]);
    for end in 0..bytes.len() {
        assert!(parse(&bytes[..end]).unwrap().is_none(), "{end}");
    }
    assert!(parse(&bytes).unwrap().is_some());
}

#[test]
fn targets() {
    for (target, path, query) in [
        ("/", "/", None),
        ("/?", "/", Some("")),
        ("/a/../b;c=%2f", "/a/../b;c=%2f", None),
        ("http://a.example/b?c", "/b", Some("c")),
        ("http://a.example?c", "/", Some("c")),
        ("http://a.example", "/", None),
        ("//a.example/b", "//a.example/b", None),
        ("/?x=http://b/c", "/", Some("x=http://b/c")),
        ("/http://b/c", "/http://b/c", None),
        ("*", "*", None),
        ("a.example:443", "a.example:443", None),
    ] {
        let bytes = head(&format!("GET {target} HTTP/1.1"), &[]);
        let head = parse(&bytes).unwrap().unwrap();
        assert_eq!((head.path(), head.query()), (path, query), "{target}");
    }
    for target in ["/#top", "/caf\u{e9}", "/\u{7f}", "/\u{1}", "/a\tb"] {
        let error = refused(&head(&format!("GET {target} HTTP/1.1"), &[]));
        assert!(matches!(error, HeadError::Target | HeadError::Syntax), "{target:?}: {error}");
    }
}

#[test]
fn one_host() {
    assert_eq!(refused(b"GET / HTTP/1.1\r\n\r\n"), HeadError::Host);
    assert_eq!(refused(&head("GET / HTTP/1.1", &["host: a.example"])), HeadError::Host);
    assert_eq!(refused(&head("GET / HTTP/1.0", &["host: a.example"])), HeadError::Host);
    assert!(parse(b"GET / HTTP/1.0\r\n\r\n").unwrap().is_some(), "HTTP/1.0 had no Host");
}

#[test]
fn one_length_of_the_body() {
    let body = |lines: &[&str]| parse(&head("PUT / HTTP/1.1", lines)).map(|head| head.unwrap().body());
    assert_eq!(body(&["content-length: 0"]), Ok(BodyLength::Bytes(0)));
    assert_eq!(body(&["content-length: 007"]), Ok(BodyLength::Bytes(7)));
    assert_eq!(body(&["content-length: 18446744073709551615"]), Ok(BodyLength::Bytes(u64::MAX)));
    assert_eq!(body(&["transfer-encoding: chunked"]), Ok(BodyLength::Coded));
    for lines in [
        &["content-length: 18446744073709551616"][..],
        &["content-length:"],
        &["content-length: +2"],
        &["content-length: -2"],
        &["content-length: 0x2"],
        &["content-length: 2, 2"],
        &["content-length: 2 2"],
        &["content-length: \u{b2}"],
        &["content-length: 2", "content-length: 2"],
        &["content-length: 2", "Content-Length: 3"],
        &["content-length: 2", "transfer-encoding: chunked"],
        &["transfer-encoding: chunked", "content-length: 2"],
    ] {
        assert_eq!(body(lines), Err(HeadError::BodyLength), "{lines:?}");
    }
    let coded = head("PUT / HTTP/1.0", &["transfer-encoding: chunked"]);
    assert_eq!(refused(&coded), HeadError::BodyLength);
}

#[test]
fn lines_end_with_cr_lf() {
    for bytes in [
        &b"GET / HTTP/1.1\nhost: a\r\n\r\n"[..],
        b"GET / HTTP/1.1\r\nhost: a\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\n\n",
        b"\nGET / HTTP/1.1\r\nhost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\n b\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nx : y\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nx: a\rb\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n",
        b"GET  / HTTP/1.1\r\nhost: a\r\n\r\n",
        b"GET /\r\nhost: a\r\n\r\n",
    ] {
        assert_eq!(refused(bytes), HeadError::Syntax, "{}", bytes.escape_ascii());
    }
    // RFC 9112 section 2.2: a client's stray empty line is skipped.
    assert!(parse(b"\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n").unwrap().is_some());
}

#[test]
fn versions_and_room() {
    for version in ["HTTP/2.0", "HTTP/1.2", "HTTP/0.9"] {
        assert_eq!(refused(&head(&format!("GET / {version}"), &[])), HeadError::Version, "{version}");
    }
    let bytes = head("GET / HTTP/1.1", &["a: 1", "b: 2", "c: 3"]);
    assert!(RequestHead::<4>::parse(&bytes).unwrap().is_some());
    assert_eq!(RequestHead::<3>::parse(&bytes).unwrap_err(), HeadError::TooManyFields);
}

#[test]
fn two_authorization_lines() {
    let bytes = head("GET / HTTP/1.1", &["authorization: Bearer abc", "Authorization: Bearer abc"]);
    let head = parse(&bytes).unwrap().unwrap();
    assert_eq!(head.authorization().unwrap_err(), CredentialsError::Repeated);
}

#[test]
fn nothing_secret_is_printed() {
    let bytes = head("GET /a?token=secret HTTP/1.1", &["authorization: Bearer secret"]);
    let text = format!("{:?}", parse(&bytes).unwrap().unwrap());
    assert_eq!(text, r#"RequestHead { method: "GET", path: "/a", .. }"#);
    for error in HeadError::ALL {
        assert!(matches!(error.status(), 400 | 431 | 505));
        assert!(error.to_string().bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'));
    }
}

proptest::proptest! {
    /// Whatever comes in: no panic, no field that is not in the input, and a head that ends with an empty line.
    #[test]
    fn any_bytes(start in "(GET|PUT|\\PC{0,3}) /[a-z?#:/]{0,9} HTTP/1.[0-2]\r\n", rest in proptest::collection::vec(
        proptest::sample::select(&b"\r\n\n\r: abHost:content-length:2,\0\xff\t "[..]), 0..60)) {
        let bytes = [start.as_bytes(), &rest].concat();
        if let Ok(Some(head)) = parse(&bytes) {
            let used = &bytes[..head.len()];
            assert!(used.ends_with(b"\r\n\r\n"));
            assert!(!used.windows(2).any(|two| two[1] == b'\n' && two[0] != b'\r'));
            assert!(head.target().bytes().all(|byte| byte.is_ascii_graphic()));
            // What it read does not change when more follows.
            let more = [used, b"x: y\r\n\r\n"].concat();
            let again = parse(&more).unwrap().unwrap();
            assert_eq!((again.len(), again.body(), again.target()), (head.len(), head.body(), head.target()));
        }
    }
}
