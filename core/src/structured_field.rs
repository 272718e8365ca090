//! Structured fields (RFC 9651), as far as the headers here use them: dictionaries of items and inner lists, each with
//! parameters.
//!
//! Nothing is copied. A member is checked whole when it is read, so its inner list and its parameters are walked without
//! errors afterwards. What a value may be is for the header to say, and so is what a key that stands twice means: the RFC
//! lets the last one win, which nobody who writes a policy means.

use crate::dialect::ok;
use crate::grammar::{self, cut};

/// Not a structured field. The header says what it should have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// The longest prefix of good bytes, and the rest.
macro_rules! take {
    ($text:expr, $byte:ident if $good:expr) => {{
        let (mut length, mut bytes) = (0, $text.as_bytes());
        while let [$byte, rest @ ..] = bytes
            && $good
        {
            length += 1;
            bytes = rest;
        }
        cut($text, length)
    }};
}

/// What follows the byte that the text begins with; nothing if it begins otherwise.
macro_rules! after {
    ($text:expr, $byte:pat) => {
        match $text.as_bytes() {
            [$byte, ..] => Some(cut($text, 1).1),
            _ => None,
        }
    };
}

/// A dictionary (section 3.2): `key=value;parameter, key=(item item), key`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dictionary<'a>(&'a str);

/// One member of a [`Dictionary`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member<'a> {
    pub(crate) key: &'a str,
    pub(crate) value: Value<'a>,
    pub(crate) params: Params<'a>,
}

/// What a member says; one that is only a key says `true`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Item(Item<'a>),
    List(InnerList<'a>),
}

/// An item without its parameters (section 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    Token(&'a str),
    /// What stands between the quotes; a backslash in it escapes the next byte, which is a quote or a backslash.
    String(&'a str),
    /// An integer, a decimal, a byte sequence, a date or a display string: no header here takes one but as a parameter that
    /// browsers ignore.
    Other,
    Boolean(bool),
}

/// The items of an inner list (section 3.1.1), which were checked when the member was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InnerList<'a>(&'a str);

/// Parameters (section 3.1.2), which were checked when the member was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Params<'a>(&'a str);

impl<'a> Dictionary<'a> {
    /// Of a field value without white space at its ends.
    pub(crate) const fn new(value: &'a str) -> Self {
        Self(value)
    }

    /// What is still to be read.
    pub(crate) const fn text(&self) -> &'a str {
        self.0
    }

    /// The next member; after an error there is none.
    pub(crate) const fn next(&mut self) -> Option<Result<Member<'a>, Malformed>> {
        if self.0.is_empty() {
            return None;
        }
        match member(self.0) {
            Ok((member, rest)) => {
                self.0 = rest;
                Some(Ok(member))
            }
            Err(Malformed) => {
                self.0 = "";
                Some(Err(Malformed))
            }
        }
    }

    /// Whether a member of that key is to come.
    pub(crate) const fn has(mut self, key: &str) -> bool {
        while let Some(Ok(member)) = self.next() {
            if grammar::eq(member.key, key) {
                return true;
            }
        }
        false
    }
}

impl<'a> InnerList<'a> {
    /// Whether it has no item.
    pub(crate) const fn is_empty(mut self) -> bool {
        self.next().is_none()
    }

    /// The next item; its parameters are passed over.
    pub(crate) const fn next(&mut self) -> Option<Item<'a>> {
        let (_, list) = take!(self.0, byte if *byte == b' ');
        match item(list) {
            Ok((item, rest)) => {
                self.0 = match params(rest) {
                    Ok((_, rest)) => rest,
                    Err(Malformed) => "",
                };
                Some(item)
            }
            // The parenthesis that closes the list, or nothing.
            Err(Malformed) => None,
        }
    }
}

impl<'a> Params<'a> {
    /// The parameters of an item, from the first semicolon to the end of the text.
    pub(crate) const fn parse(text: &'a str) -> Result<Self, Malformed> {
        match params(text) {
            Ok((params, rest)) if rest.is_empty() => Ok(params),
            _ => Err(Malformed),
        }
    }

    /// The value of the parameter of that name, the last if it stands twice (section 4.2.3.2).
    pub(crate) const fn get(&self, name: &str) -> Option<Item<'a>> {
        let (mut rest, mut found) = (self.0, None);
        while let Ok((key, value, after)) = param(rest) {
            if grammar::eq(key, name) {
                found = Some(value);
            }
            rest = after;
        }
        found
    }
}

/// One member, and what follows the comma after it.
const fn member(text: &str) -> Result<(Member<'_>, &str), Malformed> {
    let (key, rest) = ok!(key(text));
    let (value, rest) = match rest.as_bytes() {
        [b'=', b'(', ..] => ok!(inner_list(cut(rest, 2).1)),
        _ => {
            let (item, rest) = ok!(value(rest));
            (Value::Item(item), rest)
        }
    };
    let (params, rest) = ok!(params(rest));
    let member = Member { key, value, params };
    let (_, rest) = take!(rest, byte if grammar::is_ows(*byte));
    if rest.is_empty() {
        return Ok((member, rest));
    }
    let Some(rest) = after!(rest, b',') else { return Err(Malformed) };
    let (_, rest) = take!(rest, byte if grammar::is_ows(*byte));
    // A comma at the end ends nothing.
    if rest.is_empty() { Err(Malformed) } else { Ok((member, rest)) }
}

/// `key = ( lcalpha / "*" ) *( lcalpha / DIGIT / "_" / "-" / "." / "*" )` (section 3.1.2).
const fn key(text: &str) -> Result<(&str, &str), Malformed> {
    if let [b'a'..=b'z' | b'*', ..] = text.as_bytes() {
        Ok(take!(text, byte if matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b'*')))
    } else {
        Err(Malformed)
    }
}

/// `( *SP [ sf-item *( 1*SP sf-item ) *SP ] )`, from behind its parenthesis on, and what follows the one that closes it.
const fn inner_list(items: &str) -> Result<(Value<'_>, &str), Malformed> {
    let mut rest = items;
    loop {
        let (_, next) = take!(rest, byte if *byte == b' ');
        if let Some(rest) = after!(next, b')') {
            return Ok((Value::List(InnerList(items)), rest));
        }
        let (_, after) = ok!(item(next));
        let (_, after) = ok!(params(after));
        let [b' ' | b')', ..] = after.as_bytes() else { return Err(Malformed) };
        rest = after;
    }
}

const fn item(text: &str) -> Result<(Item<'_>, &str), Malformed> {
    match text.as_bytes() {
        [b'"', ..] => string(cut(text, 1).1),
        [b'a'..=b'z' | b'A'..=b'Z' | b'*', ..] => {
            let (token, rest) = take!(text, byte if grammar::is_tchar(*byte) || matches!(byte, b':' | b'/'));
            Ok((Item::Token(token), rest))
        }
        [b'?', value @ (b'0' | b'1'), ..] => Ok((Item::Boolean(*value == b'1'), cut(text, 2).1)),
        [b':', ..] => byte_sequence(cut(text, 1).1),
        [b'%', b'"', ..] => display_string(cut(text, 2).1),
        [b'@', ..] => match number(cut(text, 1).1) {
            // Seconds since 1970, an integer (section 3.3.7).
            Ok((_, rest))
                if grammar::find(cut(text, text.len() - rest.len()).0, b'.', 0) == text.len() - rest.len() =>
            {
                Ok((Item::Other, rest))
            }
            _ => Err(Malformed),
        },
        _ => number(text),
    }
}

/// From behind the first quote on.
const fn string(text: &str) -> Result<(Item<'_>, &str), Malformed> {
    let (mut length, mut bytes) = (0, text.as_bytes());
    loop {
        match bytes {
            [b'"', ..] => {
                let (string, rest) = cut(text, length);
                return Ok((Item::String(string), cut(rest, 1).1));
            }
            [b'\\', b'"' | b'\\', rest @ ..] => (length, bytes) = (length + 2, rest),
            [b' '..=b'[' | b']'..=b'~', rest @ ..] => (length, bytes) = (length + 1, rest),
            _ => return Err(Malformed),
        }
    }
}

/// Base64 (section 3.3.5), from after the first colon on. Padding may be missing, and other than zero bits at the end are let through
/// (section 4.2.7).
const fn byte_sequence(text: &str) -> Result<(Item<'_>, &str), Malformed> {
    let (digits, rest) = take!(text, byte if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    let (padding, rest) = take!(rest, byte if *byte == b'=');
    let good = match digits.len() % 4 {
        0 => padding.is_empty(),
        2 => padding.is_empty() || padding.len() == 2,
        3 => padding.len() <= 1,
        _ => false,
    };
    match after!(rest, b':') {
        Some(rest) if good => Ok((Item::Other, rest)),
        _ => Err(Malformed),
    }
}

/// UTF-8 whose bytes outside of ASCII are percent-encoded in lower case (section 3.3.8), from after the first quote on.
const fn display_string(text: &str) -> Result<(Item<'_>, &str), Malformed> {
    // How many bytes of a character are to come, and the range of the next one (RFC 3629, section 4).
    let (mut missing, mut low, mut high) = (0, 0x80, 0xbf);
    let (mut length, mut bytes) = (0, text.as_bytes());
    loop {
        match bytes {
            [b'"', ..] if missing == 0 => return Ok((Item::Other, cut(text, length + 1).1)),
            [b'%', first, second, rest @ ..] => {
                let (Some(first), Some(second)) = (lower_hex(*first), lower_hex(*second)) else {
                    return Err(Malformed);
                };
                let byte = first << 4 | second;
                if missing > 0 {
                    if byte < low || byte > high {
                        return Err(Malformed);
                    }
                    (missing, low, high) = (missing - 1, 0x80, 0xbf);
                } else {
                    (missing, low, high) = match byte {
                        0..=0x7f => (0, 0x80, 0xbf),
                        0xc2..=0xdf => (1, 0x80, 0xbf),
                        0xe0 => (2, 0xa0, 0xbf),
                        0xed => (2, 0x80, 0x9f),
                        0xe1..=0xef => (2, 0x80, 0xbf),
                        0xf0 => (3, 0x90, 0xbf),
                        0xf1..=0xf3 => (3, 0x80, 0xbf),
                        0xf4 => (3, 0x80, 0x8f),
                        _ => return Err(Malformed),
                    };
                }
                (length, bytes) = (length + 3, rest);
            }
            [b' ' | b'!' | b'#' | b'$' | b'&'..=b'~', rest @ ..] if missing == 0 => {
                (length, bytes) = (length + 1, rest);
            }
            _ => return Err(Malformed),
        }
    }
}

const fn lower_hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// At most 15 digits, or 12 and up to 3 behind a point (sections 3.3.1 and 3.3.2).
const fn number(text: &str) -> Result<(Item<'_>, &str), Malformed> {
    let text = match after!(text, b'-') {
        Some(text) => text,
        None => text,
    };
    let (whole, rest) = take!(text, byte if byte.is_ascii_digit());
    let Some(fraction) = after!(rest, b'.') else {
        return if matches!(whole.len(), 1..=15) { Ok((Item::Other, rest)) } else { Err(Malformed) };
    };
    let (fraction, rest) = take!(fraction, byte if byte.is_ascii_digit());
    if matches!((whole.len(), fraction.len()), (1..=12, 1..=3)) { Ok((Item::Other, rest)) } else { Err(Malformed) }
}

/// All parameters, of which there may be none, and what follows them.
const fn params(text: &str) -> Result<(Params<'_>, &str), Malformed> {
    let mut rest = text;
    while let [b';', ..] = rest.as_bytes() {
        (_, _, rest) = ok!(param(rest));
    }
    Ok((Params(text), rest))
}

/// `";" *SP key [ "=" item ]`: name, value and what follows.
const fn param(text: &str) -> Result<(&str, Item<'_>, &str), Malformed> {
    let Some(text) = after!(text, b';') else { return Err(Malformed) };
    let (name, rest) = ok!(key(take!(text, byte if *byte == b' ').1));
    let (value, rest) = ok!(value(rest));
    Ok((name, value, rest))
}

/// `[ "=" item ]`: what stands there without a value is true.
const fn value(text: &str) -> Result<(Item<'_>, &str), Malformed> {
    match after!(text, b'=') {
        Some(text) => item(text),
        None => Ok((Item::Boolean(true), text)),
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    /// `key value{params}` of each member, in a form that shows what was read.
    fn read(text: &str) -> Result<Vec<String>, Malformed> {
        let mut dictionary = Dictionary::new(text);
        let mut read = Vec::new();
        while let Some(member) = dictionary.next() {
            let member = member?;
            let value = match member.value {
                Value::Item(item) => format!("{item:?}"),
                Value::List(list) => format!("{:?}", items(list)),
            };
            read.push(format!("{} {value}", member.key));
        }
        Ok(read)
    }

    fn items(mut list: InnerList<'_>) -> Vec<Item<'_>> {
        core::iter::from_fn(|| list.next()).collect()
    }

    #[test]
    fn reads_what_rfc_9651_reads() {
        for (text, members) in [
            ("", &[][..]),
            ("a", &["a Boolean(true)"]),
            ("a=?0, b;x", &["a Boolean(false)", "b Boolean(true)"]),
            ("a=*,b=to:k/en", &["a Token(\"*\")", "b Token(\"to:k/en\")"]),
            ("a=\"x, (y; \\\" \\\\\"", &["a String(\"x, (y; \\\\\\\" \\\\\\\\\")"]),
            ("a=1 \t, \t b=-1.5", &["a Other", "b Other"]),
            ("a=999999999999999,b=999999999999.999", &["a Other", "b Other"]),
            ("a=()", &["a []"]),
            ("a=(  )", &["a []"]),
            ("a=( self   \"b\";p=1;q *  );x", &["a [Token(\"self\"), String(\"b\"), Token(\"*\")]"]),
            ("a=:YQ==:, b=::;x=:YQ:,c=:YWE=:, d=:YWFh:", &["a Other", "b Other", "c Other", "d Other"]),
            ("a=@-1659578233,b=(@0 %\"\")", &["a Other", "b [Other, Other]"]),
            ("a=%\"caf%c3%a9 %e2%82%ac %f0%9f%98%80 %22, \"", &["a Other"]),
            ("*a.b_c-1=x", &["*a.b_c-1 Token(\"x\")"]),
            // The last of two wins to a browser; here both are seen.
            ("a=1, a=2", &["a Other", "a Other"]),
        ] {
            assert_eq!(
                read(text).as_deref(),
                Ok(&*members.iter().map(|&s| s.into()).collect::<Vec<String>>()),
                "{text:?}"
            );
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in [
            " a",
            "a,",
            "a, ",
            ",a",
            "a,,b",
            "a b",
            "A=1",
            "1a=1",
            "a =1",
            "a= 1",
            "a=",
            "a=;x",
            "a=1;",
            "a=1 ;x",
            "a=1;\tx",
            "a=1;X",
            "a=1;x=",
            "a=1;x=(1)",
            "a=(",
            "a=(1",
            "a=(1,2)",
            "a=(1\t2)",
            "a=(1\"b\")",
            "a=((1))",
            "a=()b",
            "a=\"",
            "a=\"\\",
            "a=\"\\n\"",
            "a=\"\u{e9}\"",
            "a=\"\n\"",
            "a=?2",
            "a=?",
            "a=-",
            "a=1.",
            "a=.1",
            "a=1.2345",
            "a=1234567890123456",
            "a=1234567890123.1",
            "a=:YQ=:",
            "a=:Y:",
            "a=:YQ==",
            "a=:YQ ==:",
            "a=:YWE==:",
            "a=@1.5",
            "a=@",
            "a=%x",
            "a=%\"x",
            "a=%\"%C3%A9\"",
            "a=%\"%c3\"",
            "a=%\"%c3x\"",
            "a=%\"%ed%a0%80\"",
            "a=%\"%c0%80\"",
            "a=%\"\u{e9}\"",
            "\u{e9}=1",
            "a=x\u{e9}",
        ] {
            assert_eq!(read(text), Err(Malformed), "{text:?}");
        }
    }

    #[test]
    fn parameters_are_found_by_name_and_the_last_wins() {
        let member = Dictionary::new("a=(x;n=1);n; m=\"s\";n=t").next().unwrap().unwrap();
        assert_eq!(member.params.get("m"), Some(Item::String("s")));
        assert_eq!(member.params.get("n"), Some(Item::Token("t")));
        assert_eq!(member.params.get("x"), None);
    }

    #[test]
    fn a_key_that_comes_again_is_seen() {
        let mut dictionary = Dictionary::new("a=1, b=(a), a=2");
        assert!(dictionary.next().is_some() && dictionary.has("a") && dictionary.has("b"));
        assert!(dictionary.next().is_some() && dictionary.has("a") && !dictionary.has("b"));
        assert!(dictionary.next().is_some() && !dictionary.has("a"));
    }
}
