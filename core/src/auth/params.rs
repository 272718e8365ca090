//! `#auth-param`: the list of parameters that some schemes have, RFC 9110 sections 5.6.1 and 11.2.

use super::CredentialsError;
use crate::grammar;

/// The parameters of [`Credentials`](super::Credentials): names as written, and values.
#[derive(Clone)]
pub struct Params<'a> {
    rest: &'a [u8],
}

impl<'a> Params<'a> {
    pub(super) const fn new(list: &'a [u8]) -> Self {
        Self { rest: list }
    }

    /// `token BWS "=" BWS ( token / quoted-string )`, then a comma or the end.
    pub(super) fn step(&mut self) -> Result<Option<(&'a str, ParamValue<'a>)>, CredentialsError> {
        while let [b',' | b' ' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
        if self.rest.is_empty() {
            return Ok(None);
        }
        let name = self.take_while(grammar::is_tchar);
        let name = match core::str::from_utf8(name) {
            Ok(name) if !name.is_empty() => name,
            _ => return Err(CredentialsError::Value),
        };
        self.take_while(grammar::is_ows);
        let [b'=', rest @ ..] = self.rest else { return Err(CredentialsError::Value) };
        self.rest = rest;
        self.take_while(grammar::is_ows);
        let value = if let [b'"', rest @ ..] = self.rest {
            self.rest = rest;
            ParamValue { text: self.quoted()?, quoted: true }
        } else {
            ParamValue { text: self.take_while(grammar::is_tchar), quoted: false }
        };
        if !value.quoted && value.text.is_empty() {
            return Err(CredentialsError::Value);
        }
        self.take_while(grammar::is_ows);
        match self.rest {
            [] | [b',', ..] => Ok(Some((name, value))),
            _ => Err(CredentialsError::Value),
        }
    }

    fn take_while(&mut self, class: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|&byte| !class(byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Up to the closing quote, which is consumed and not returned.
    fn quoted(&mut self) -> Result<&'a [u8], CredentialsError> {
        let text = self.rest;
        let mut at = 0;
        loop {
            match text.get(at..).unwrap_or_default() {
                [b'"', ..] => break,
                [b'\\', next, ..] if grammar::is_quotable(*next) => at += 2,
                [byte, ..] if grammar::is_qdtext(*byte) => at += 1,
                _ => return Err(CredentialsError::Value),
            }
        }
        self.rest = text.get(at + 1..).unwrap_or_default();
        Ok(text.get(..at).unwrap_or_default())
    }
}

impl<'a> Iterator for Params<'a> {
    type Item = (&'a str, ParamValue<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.step().ok().flatten()
    }
}

impl core::fmt::Debug for Params<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Params(..)")
    }
}

/// The value of a parameter; it may be a secret, so `Debug` does not show it.
#[derive(Clone, Copy)]
pub struct ParamValue<'a> {
    text: &'a [u8],
    quoted: bool,
}

impl<'a> ParamValue<'a> {
    /// The bytes meant, with quotes and backslashes removed.
    pub fn bytes(self) -> impl Iterator<Item = u8> + use<'a> {
        let mut rest = self.text.iter().copied();
        core::iter::from_fn(move || match rest.next() {
            Some(b'\\') if self.quoted => rest.next(),
            byte => byte,
        })
    }
}

impl core::fmt::Debug for ParamValue<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ParamValue(..)")
    }
}
