//! RFC 9110 sections 5.6 and 11 and RFC 6750 section 2.1 as they are printed: one function for each production.
//!
//! It is here to be compared with the core's parser, and shares nothing with it: slices that are cut and handed on, a
//! heap, no tables, no care for speed. A production takes the text from where it begins and gives what it read and the
//! rest. All of them read as much as they can, which loses no parse: what may follow a `token` or a `quoted-string` is
//! never a character that could have been part of it.

/// What a production read, and what is left.
type Read<'a, T> = Option<(T, &'a [u8])>;

/// What follows the scheme.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Nothing.
    None,
    /// A `token68`.
    Token68(Vec<u8>),
    /// The elements of `#auth-param` that are not empty, with the values meant.
    Params(Vec<(Vec<u8>, Vec<u8>)>),
}

/// `credentials = auth-scheme [ 1*SP ( token68 / #auth-param ) ]` (RFC 9110 section 11.4)
///
/// A `challenge` (section 11.3) has the same grammar. The text is the field value without the space around it.
pub(crate) fn credentials(text: &[u8]) -> Option<(Vec<u8>, Rest)> {
    let (scheme, text) = auth_scheme(text)?;
    let scheme = scheme.to_vec();
    if text.is_empty() {
        return Some((scheme, Rest::None));
    }
    let (_, text) = one_or_more(sp, text)?;
    if let Some((token, b"")) = token68(text) {
        return Some((scheme, Rest::Token68(token.to_vec())));
    }
    let (params, b"") = list(auth_param, text)? else { return None };
    Some((scheme, Rest::Params(params)))
}

/// What the core makes of that grammar, as its docs say: a parameter at most once (section 11.2) and sixteen in all; and a list of
/// commas alone is no list.
pub(crate) fn is_within_limits(rest: &Rest) -> bool {
    let Rest::Params(params) = rest else { return true };
    let repeats = |i: usize, name: &[u8]| params[..i].iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
    matches!(params.len(), 1..=16) && !params.iter().enumerate().any(|(i, (name, _))| repeats(i, name))
}

/// `credentials = "Bearer" 1*SP b64token` (RFC 6750 section 2.1); gives the token.
///
/// The quoted string of ABNF has no case (RFC 5234 section 2.3), as RFC 9110 section 11.1 says of all schemes.
pub(crate) fn bearer_credentials(text: &[u8]) -> Option<&[u8]> {
    let (scheme, text) = text.split_at_checked("Bearer".len())?;
    if !scheme.eq_ignore_ascii_case(b"Bearer") {
        return None;
    }
    let (_, text) = one_or_more(sp, text)?;
    let (token, b"") = b64token(text)? else { return None };
    Some(token)
}

/// `b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="` (RFC 6750 section 2.1)
fn b64token(text: &[u8]) -> Read<'_, &[u8]> {
    let (_, rest) = one_or_more(|byte| alpha(byte) || digit(byte) || b"-._~+/".contains(&byte), text)?;
    let (_, rest) = any_number(|byte| byte == b'=', rest);
    Some((&text[..text.len() - rest.len()], rest))
}

/// `auth-scheme = token` (RFC 9110 section 11.1)
fn auth_scheme(text: &[u8]) -> Read<'_, &[u8]> {
    token(text)
}

/// `token68 = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="` (RFC 9110 section 11.2)
fn token68(text: &[u8]) -> Read<'_, &[u8]> {
    b64token(text)
}

/// `auth-param = token BWS "=" BWS ( token / quoted-string )` (RFC 9110 section 11.2)
fn auth_param(text: &[u8]) -> Read<'_, (Vec<u8>, Vec<u8>)> {
    let (name, text) = token(text)?;
    let (_, text) = bws(text);
    let text = text.strip_prefix(b"=")?;
    let (_, text) = bws(text);
    let (value, text) = token(text).map(|(value, rest)| (value.to_vec(), rest)).or_else(|| quoted_string(text))?;
    Some(((name.to_vec(), value), text))
}

/// `#element => [ element ] *( OWS "," OWS [ element ] )` (RFC 9110 section 5.6.1.2, what a recipient must accept)
fn list<'a, T>(element: impl Fn(&'a [u8]) -> Read<'a, T>, mut text: &'a [u8]) -> Read<'a, Vec<T>> {
    let mut all = Vec::new();
    if let Some((one, rest)) = element(text) {
        all.push(one);
        text = rest;
    }
    while let Some(rest) = ows(text).1.strip_prefix(b",") {
        text = rest;
        let (_, rest) = ows(text);
        if let Some((one, rest)) = element(rest) {
            all.push(one);
            text = rest;
        }
    }
    Some((all, text))
}

/// `quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE` (RFC 9110 section 5.6.4); gives what it means.
fn quoted_string(text: &[u8]) -> Read<'_, Vec<u8>> {
    let mut text = text.strip_prefix(b"\"")?;
    let mut value = Vec::new();
    loop {
        if let Some(rest) = text.strip_prefix(b"\"") {
            return Some((value, rest));
        }
        let (byte, rest) = qdtext(text).or_else(|| quoted_pair(text))?;
        value.push(byte);
        text = rest;
    }
}

/// `qdtext = HTAB / SP / %x21 / %x23-5B / %x5D-7E / obs-text` (RFC 9110 section 5.6.4)
fn qdtext(text: &[u8]) -> Read<'_, u8> {
    let (&byte, rest) = text.split_first()?;
    let good = htab(byte) || sp(byte) || matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e) || obs_text(byte);
    good.then_some((byte, rest))
}

/// `quoted-pair = "\" ( HTAB / SP / VCHAR / obs-text )` (RFC 9110 section 5.6.4)
fn quoted_pair(text: &[u8]) -> Read<'_, u8> {
    let (&byte, rest) = text.strip_prefix(b"\\")?.split_first()?;
    (htab(byte) || sp(byte) || vchar(byte) || obs_text(byte)).then_some((byte, rest))
}

/// `token = 1*tchar` (RFC 9110 section 5.6.2)
pub(crate) fn token(text: &[u8]) -> Read<'_, &[u8]> {
    one_or_more(tchar, text)
}

/// `tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~" / DIGIT / ALPHA`
/// (RFC 9110 section 5.6.2)
pub(crate) fn tchar(byte: u8) -> bool {
    b"!#$%&'*+-.^_`|~".contains(&byte) || digit(byte) || alpha(byte)
}

/// `BWS = OWS` (RFC 9110 section 5.6.3)
fn bws(text: &[u8]) -> (&[u8], &[u8]) {
    ows(text)
}

/// `OWS = *( SP / HTAB )` (RFC 9110 section 5.6.3)
fn ows(text: &[u8]) -> (&[u8], &[u8]) {
    any_number(|byte| sp(byte) || htab(byte), text)
}

/// `obs-text = %x80-FF` (RFC 9110 section 5.5)
fn obs_text(byte: u8) -> bool {
    byte >= 0x80
}

/// `VCHAR = %x21-7E` (RFC 5234 appendix B.1)
fn vchar(byte: u8) -> bool {
    (0x21..=0x7e).contains(&byte)
}

/// `ALPHA = %x41-5A / %x61-7A` (RFC 5234 appendix B.1)
fn alpha(byte: u8) -> bool {
    (0x41..=0x5a).contains(&byte) || (0x61..=0x7a).contains(&byte)
}

/// `DIGIT = %x30-39` (RFC 5234 appendix B.1)
fn digit(byte: u8) -> bool {
    (0x30..=0x39).contains(&byte)
}

/// `SP = %x20` (RFC 5234 appendix B.1)
fn sp(byte: u8) -> bool {
    byte == 0x20
}

/// `HTAB = %x09` (RFC 5234 appendix B.1)
fn htab(byte: u8) -> bool {
    byte == 0x09
}

/// `*( class )` (RFC 5234 section 3.6)
fn any_number(class: impl Fn(u8) -> bool, text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|&byte| !class(byte)).unwrap_or(text.len()))
}

/// `1*( class )` (RFC 5234 section 3.6)
fn one_or_more(class: impl Fn(u8) -> bool, text: &[u8]) -> Read<'_, &[u8]> {
    let (read, rest) = any_number(class, text);
    (!read.is_empty()).then_some((read, rest))
}

/// A field value without the space around it: `field-line = field-name ":" OWS field-value OWS` (RFC 9112 section 5)
pub(crate) fn field_value(text: &[u8]) -> &[u8] {
    let (_, text) = ows(text);
    let end = text.iter().rposition(|&byte| !sp(byte) && !htab(byte)).map_or(0, |last| last + 1);
    &text[..end]
}
