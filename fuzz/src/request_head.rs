//! Raw request heads against a reader that splits at line ends and knows the grammar of RFC 9112, nothing more.

use sallet_core::auth::Credentials;
use sallet_core::{BodyLength, HeadError, RequestHead};

use crate::abnf;

/// The first bytes of a connection.
pub fn request_head(data: &[u8]) {
    let expected = read(data);
    let parsed = RequestHead::<32>::parse(data);
    match (&parsed, &expected) {
        (Ok(Some(head)), Some(expected)) => agrees(head, expected, data),
        (Ok(Some(head)), None) => panic!("{head:?} was taken, which is no head"),
        (Err(HeadError::TooManyFields), Some(expected)) => assert!(expected.fields.len() > 32),
        (Err(error), Some(_)) => panic!("a good head was refused: {error}"),
        (Ok(None), Some(_)) => panic!("a whole head was not seen"),
        (Ok(None) | Err(_), None) => {}
    }
    fewer_fields(data, &parsed);
    if let Ok(Some(head)) = parsed {
        cut_and_continued(data, head.len());
    }
}

#[derive(Debug)]
struct Head<'a> {
    method: &'a str,
    target: &'a str,
    fields: Vec<(String, &'a [u8])>,
    body: BodyLength,
    len: usize,
}

/// `HTTP-message = start-line CRLF *( field-line CRLF ) CRLF [ message-body ]` (RFC 9112 section 2.1); nothing if the
/// bytes are not that.
fn read(data: &[u8]) -> Option<Head<'_>> {
    // Section 2.2: empty lines before the request line are ignored.
    let mut start = 0;
    while data[start..].starts_with(b"\r\n") {
        start += 2;
    }
    let end = data[start..].windows(4).position(|four| four == b"\r\n\r\n")?;
    let len = start + end + 4;
    let mut lines = Vec::new();
    let mut rest = &data[start..start + end];
    while let Some(at) = rest.windows(2).position(|two| two == b"\r\n") {
        lines.push(&rest[..at]);
        rest = &rest[at + 2..];
    }
    lines.push(rest);
    if lines.iter().any(|line| line.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0))) {
        return None;
    }
    let (method, target, minor) = request_line(lines[0])?;
    let fields: Vec<_> = lines[1..].iter().map(|line| field_line(line)).collect::<Option<_>>()?;
    let values =
        |name: &str| -> Vec<_> { fields.iter().filter(|field| field.0 == name).map(|field| field.1).collect() };
    let hosts = values("host").len();
    if hosts > 1 || (hosts == 0 && minor == 1) {
        return None;
    }
    let body = match (&values("content-length")[..], &values("transfer-encoding")[..]) {
        ([], []) => BodyLength::Bytes(0),
        ([length], []) if length.iter().all(u8::is_ascii_digit) => {
            BodyLength::Bytes(std::str::from_utf8(length).ok()?.parse().ok()?)
        }
        ([], _) if minor == 1 => BodyLength::Coded,
        _ => return None,
    };
    Some(Head { method, target, fields, body, len })
}

/// `request-line = method SP request-target SP HTTP-version` (section 3)
fn request_line(line: &[u8]) -> Option<(&str, &str, u8)> {
    let mut parts = std::str::from_utf8(line).ok()?.split(' ');
    let (method, target, version) = (parts.next()?, parts.next()?, parts.next()?);
    let minor = match version {
        "HTTP/1.0" => 0,
        "HTTP/1.1" => 1,
        _ => return None,
    };
    let is_target = !target.is_empty() && target.bytes().all(|byte| matches!(byte, 0x21..=0x7e) && byte != b'#');
    (is_token(method.as_bytes()) && is_target && parts.next().is_none()).then_some((method, target, minor))
}

/// `field-line = field-name ":" OWS field-value OWS` (section 5); the name in lower case.
fn field_line(line: &[u8]) -> Option<(String, &[u8])> {
    let colon = line.iter().position(|&byte| byte == b':')?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let good = is_token(name) && value.iter().all(|&byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f));
    good.then(|| (String::from_utf8_lossy(name).to_ascii_lowercase(), abnf::field_value(value)))
}

fn is_token(text: &[u8]) -> bool {
    abnf::token(text).is_some_and(|(_, rest)| rest.is_empty())
}

fn agrees(head: &RequestHead<'_>, expected: &Head<'_>, data: &[u8]) {
    assert_eq!((head.method(), head.target()), (expected.method, expected.target));
    assert_eq!((head.len(), head.body()), (expected.len, expected.body));
    let mut count = 0;
    for (i, (name, _)) in expected.fields.iter().enumerate() {
        if expected.fields[..i].iter().all(|(earlier, _)| earlier != name) {
            let lines: Vec<_> = head.field_lines(&name.to_ascii_uppercase()).collect();
            let ours: Vec<_> =
                expected.fields.iter().filter(|(other, _)| other == name).map(|(_, value)| *value).collect();
            assert_eq!(lines, ours, "{name}");
            assert!(lines.iter().all(|line| line.is_empty() || data.as_ptr_range().contains(&line.as_ptr())));
            count += lines.len();
        }
    }
    assert_eq!(count, expected.fields.len());
    assert_eq!(head.field_lines("").count(), 0);

    let lines = expected.fields.iter().filter(|(name, _)| name == "authorization").map(|(_, value)| *value);
    let outline = |found: Option<Credentials<'_>>| found.map(|one| format!("{one:?} {:?}", one.token68()));
    assert_eq!(head.authorization().map(outline), Credentials::single(lines).map(outline));
    target(head);
    let shown = format!("RequestHead {{ method: {:?}, path: {:?}, .. }}", head.method(), head.path());
    assert_eq!(format!("{head:?}"), shown, "no field is shown");
}

/// Path and query are those of the `http` crate, wherever it can read the target.
fn target(head: &RequestHead<'_>) {
    let target = head.target();
    if let (Some(query), true) = (head.query(), target.contains('?')) {
        assert!(target.ends_with(&format!("?{query}")));
    }
    let is_rooted = target.starts_with('/') || target.starts_with("http://") || target.starts_with("https://");
    if let (Ok(uri), true) = (target.parse::<http::Uri>(), is_rooted) {
        assert_eq!((head.path(), head.query()), (uri.path(), uri.query()), "{target}");
    }
}

/// With room for fewer fields a head is refused, and never cut short.
fn fewer_fields(data: &[u8], parsed: &Result<Option<RequestHead<'_>>, HeadError>) {
    match (RequestHead::<2>::parse(data), parsed) {
        (Ok(Some(few)), Ok(Some(many))) => {
            assert_eq!((few.method(), few.target(), few.len()), (many.method(), many.target(), many.len()));
        }
        (Err(HeadError::TooManyFields), _) => {}
        (few, many) => {
            assert_eq!(few.map(|head| head.map(|head| head.len())), many.map(|head| head.map(|head| head.len())))
        }
    }
}

/// No shorter part of a head is one, and what comes behind a head does not change it.
fn cut_and_continued(data: &[u8], len: usize) {
    for end in (0..len).step_by(1 + len / 32).chain([len - 1]) {
        assert!(matches!(RequestHead::<32>::parse(&data[..end]), Ok(None)), "cut at {end}");
    }
    for more in [&b""[..], b"\r\n", b"GET / HTTP/1.1\r\nhost: b\r\n\r\n"] {
        let longer = [&data[..len], more].concat();
        assert_eq!(RequestHead::<32>::parse(&longer).map(|head| head.map(|head| head.len())), Ok(Some(len)));
    }
}
