//! Strict-Transport-Security: HTTPS only, from now on.

use super::PolicyError;
use crate::cursor::Cursor;
use crate::dialect::{display_by_render, ok, valid};
use crate::grammar;

/// `Strict-Transport-Security` ([RFC 6797, section 6.1](https://www.rfc-editor.org/rfc/rfc6797#section-6.1)).
///
/// It is sent over HTTPS alone (section 7.2): see [`SecurityHeaders::over`](crate::SecurityHeaders::over).
///
/// ```
/// use sallet_core::StrictTransportSecurity;
/// const HSTS: StrictTransportSecurity = StrictTransportSecurity::new(365 * 24 * 60 * 60).include_subdomains();
/// assert_eq!(HSTS.to_string(), "max-age=31536000; includeSubDomains");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StrictTransportSecurity {
    max_age: u64,
    include_subdomains: bool,
    preload: bool,
}

const BAD: PolicyError = PolicyError::BadValue(
    "Strict-Transport-Security is max-age=SECONDS, then includeSubDomains and preload if wanted, separated by ;",
);

/// What the preload list asks for, in seconds.
const PRELOAD_MAX_AGE: u64 = 365 * 24 * 60 * 60;

impl StrictTransportSecurity {
    /// Its value is no choice of a few words.
    pub(crate) const VALUES: &'static [&'static str] = &[];

    /// For `max_age` seconds; 0 makes browsers forget the site.
    pub const fn new(max_age: u64) -> Self {
        Self { max_age, include_subdomains: false, preload: false }
    }

    /// Rules all subdomains too: each of them must be served over HTTPS.
    #[must_use]
    pub const fn include_subdomains(mut self) -> Self {
        self.include_subdomains = true;
        self
    }

    /// Consents to the browsers' preload lists. Leaving a list takes months: this is never a default.
    ///
    /// # Panics
    /// Without [`include_subdomains`](Self::include_subdomains) before it, or under a year. In a `const` that
    /// is a compile error:
    ///
    /// ```compile_fail
    /// use sallet_core::StrictTransportSecurity;
    /// // error[E0080]: evaluation panicked: preload needs includeSubDomains: …
    /// const HSTS: StrictTransportSecurity = StrictTransportSecurity::new(31_536_000).preload();
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn preload(mut self) -> Self {
        self.preload = true;
        valid!(self.checked())
    }

    /// The time in seconds.
    pub const fn max_age(&self) -> u64 {
        self.max_age
    }

    /// Whether subdomains are ruled too.
    pub const fn includes_subdomains(&self) -> bool {
        self.include_subdomains
    }

    /// Reads a header value: `[ directive ] *( ";" [ directive ] )`, in any order and case, each once (RFC 6797, section 6.1). White
    /// space may be around `;` and `=`, and a value in quotes (RFC 2616, sections 2.1 and 2.2).
    ///
    /// # Errors
    /// [`BadValue`](PolicyError::BadValue),
    /// [`PreloadWithoutSubdomains`](PolicyError::PreloadWithoutSubdomains) and
    /// [`PreloadTooShort`](PolicyError::PreloadTooShort). A directive that the RFC does not know is refused, though
    /// browsers skip it: in a policy one writes oneself it is a typo.
    pub const fn parse(value: &str) -> Result<Self, PolicyError> {
        let mut this = Self::new(0);
        let mut seen_max_age = false;
        let mut start = 0;
        while start <= value.len() {
            let end = grammar::find(value, b';', start);
            let part = grammar::trim(grammar::slice(value, start, end));
            let (name, argument) = grammar::cut(part, grammar::find(part, b'=', 0));
            if grammar::trim(name).eq_ignore_ascii_case("max-age") && !seen_max_age {
                let (_, argument) = grammar::cut(argument, 1);
                this.max_age = ok!(seconds(grammar::trim(argument).as_bytes()));
                seen_max_age = true;
            } else if part.is_empty() {
                // Nothing between two semicolons, or after the last.
            } else if part.eq_ignore_ascii_case("includeSubDomains") && !this.include_subdomains {
                this.include_subdomains = true;
            } else if part.eq_ignore_ascii_case("preload") && !this.preload {
                this.preload = true;
            } else {
                return Err(BAD);
            }
            start = end + 1;
        }
        if !seen_max_age {
            return Err(BAD);
        }
        this.checked()
    }

    const fn checked(self) -> Result<Self, PolicyError> {
        if self.preload && !self.include_subdomains {
            return Err(PolicyError::PreloadWithoutSubdomains);
        }
        if self.preload && self.max_age < PRELOAD_MAX_AGE {
            return Err(PolicyError::PreloadTooShort);
        }
        Ok(self)
    }

    pub(crate) const fn render(&self, out: &mut Cursor<'_>) {
        out.put(b"max-age=");
        out.put_decimal(self.max_age);
        if self.include_subdomains {
            out.put(b"; includeSubDomains");
        }
        if self.preload {
            out.put(b"; preload");
        }
    }
}

/// `delta-seconds`, "after quoted-string unescaping, if necessary" (RFC 6797, section 6.1.1).
const fn seconds(argument: &[u8]) -> Result<u64, PolicyError> {
    let (mut rest, quoted) = match argument {
        [b'"', inner @ .., b'"'] => (inner, true),
        plain => (plain, false),
    };
    if rest.is_empty() {
        return Err(BAD);
    }
    let mut seconds = 0_u64;
    loop {
        match rest {
            [] => return Ok(seconds),
            [b'\\', digit @ b'0'..=b'9', after @ ..] if quoted => {
                seconds = ok!(with_digit(seconds, *digit));
                rest = after;
            }
            [digit @ b'0'..=b'9', after @ ..] => {
                seconds = ok!(with_digit(seconds, *digit));
                rest = after;
            }
            _ => return Err(BAD),
        }
    }
}

/// Beyond 64 bits is beyond 500 billion years.
const fn with_digit(seconds: u64, digit: u8) -> Result<u64, PolicyError> {
    match seconds.checked_mul(10) {
        Some(tens) => match tens.checked_add((digit - b'0') as u64) {
            Some(seconds) => Ok(seconds),
            None => Err(BAD),
        },
        None => Err(BAD),
    }
}

display_by_render!(StrictTransportSecurity);

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn reads_what_rfc_6797_section_6_2_shows() {
        for (given, sent) in [
            ("max-age=31536000", "max-age=31536000"),
            ("max-age=15768000 ; includeSubDomains", "max-age=15768000; includeSubDomains"),
            ("max-age=\"31536000\"", "max-age=31536000"),
            ("max-age=0", "max-age=0"),
            ("includesubdomains; MAX-AGE=1", "max-age=1; includeSubDomains"),
            ("max-age=1;", "max-age=1"),
            (" ; max-age = 1 ;\t; includeSubDomains ;;", "max-age=1; includeSubDomains"),
            ("max-age\t= \"1\\23\"", "max-age=123"),
            ("max-age=18446744073709551615", "max-age=18446744073709551615"),
            ("max-age=31536000; includeSubDomains; preload", "max-age=31536000; includeSubDomains; preload"),
        ] {
            assert_eq!(StrictTransportSecurity::parse(given).unwrap().to_string(), sent, "{given}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        use PolicyError::{PreloadTooShort, PreloadWithoutSubdomains};
        for (given, error) in [
            ("", BAD),
            ("includeSubDomains", BAD),
            ("max-age=", BAD),
            ("max-age=1; max-age=1", BAD),
            (";", BAD),
            ("max-age", BAD),
            ("max-age==1", BAD),
            ("max-age=\"\"", BAD),
            ("max-age=\"", BAD),
            ("max-age=\\1", BAD),
            ("max-age=\"1\\\"", BAD),
            ("max-age=1 2", BAD),
            ("max-age=1; includeSubDomains=1", BAD),
            ("max-age=-1", BAD),
            ("max-age=99999999999999999999999", BAD),
            // Found by fuzzing: u64::MAX + 1 was read as u64::MAX.
            ("max-age=18446744073709551616", BAD),
            ("maxage=1", BAD),
            ("max-age=1; includeSubdomain", BAD),
            ("max-age=31536000; preload", PreloadWithoutSubdomains),
            ("max-age=10; includeSubDomains; preload", PreloadTooShort),
        ] {
            assert_eq!(StrictTransportSecurity::parse(given), Err(error), "{given}");
        }
    }
}
