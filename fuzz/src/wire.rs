//! A reader of header blocks that trusts nothing: two that disagree about where a line ends is how headers are
//! smuggled.

/// `visible ASCII, with spaces and tabs inside` is all that any hop leaves alone (RFC 9110 section 5.5).
pub(crate) fn is_value(text: &str) -> bool {
    let inner = |byte| (0x20..=0x7e).contains(&byte) || byte == b'\t';
    let outer = |byte: Option<&u8>| byte.is_some_and(|byte| (0x21..=0x7e).contains(byte));
    text.bytes().all(inner) && outer(text.as_bytes().first()) && outer(text.as_bytes().last())
}

#[track_caller]
pub(crate) fn assert_value(text: &str) {
    assert!(is_value(text), "{text:?} is no value of one line");
}

/// The fields of a block, each line of which is `name: value` and ends with CR LF.
#[track_caller]
pub(crate) fn fields(block: &[u8]) -> Vec<(String, String)> {
    let block = std::str::from_utf8(block).expect("a block is ASCII");
    let mut lines: Vec<_> = block.split("\r\n").collect();
    assert_eq!(lines.pop(), Some(""), "the last line ends too");
    let fields: Vec<_> = lines.into_iter().map(field).collect();
    as_httparse_reads(block, &fields);
    fields
}

#[track_caller]
fn field(line: &str) -> (String, String) {
    let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?} is no field"));
    let is_name_char = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    assert!(!name.is_empty() && name.chars().all(is_name_char), "{name:?} is no name");
    assert!(!name.chars().any(|c| c.is_ascii_uppercase()), "{name:?} is in lower case");
    assert_value(value);
    (name.to_owned(), value.to_owned())
}

/// The parser of hyper finds the same fields, and the map of hyper takes them.
#[track_caller]
fn as_httparse_reads(block: &str, fields: &[(String, String)]) {
    let bytes = format!("{block}\r\n").into_bytes();
    let mut room = vec![httparse::EMPTY_HEADER; fields.len()];
    let (len, found) = httparse::parse_headers(&bytes, &mut room).expect("well-formed").unwrap();
    assert_eq!(len, bytes.len(), "the block ends where it seems to");
    let found: Vec<_> = found.iter().map(|field| (field.name.to_owned(), field.value.to_vec())).collect();
    let ours: Vec<_> = fields.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes())).collect();
    assert_eq!(found, ours);
    for (name, value) in fields {
        assert_eq!(http::HeaderName::from_lowercase(name.as_bytes()).expect("a name").as_str(), name);
        assert_eq!(http::HeaderValue::from_str(value).expect("a value").as_bytes(), value.as_bytes());
    }
}
