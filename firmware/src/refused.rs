//! Answers to requests that are not let in: status, challenge, fields and body, all rendered by the compiler.

use sallet_core::Cursor;
use sallet_core::auth::{Challenge, CredentialsError, Realm, Refusal, Scopes};

// `refused!` has a line for each.
const _: () = assert!(CredentialsError::ALL.len() == 8);

/// The [`Answer`](crate::answer::Answer) to a refusal: `refused!(refusal, realm, scopes, fields, policy)`. All but the
/// first are constants, and `fields` are pairs of a name and a value.
///
/// With `const` in front the refusal is a constant too, and so is the answer.
#[macro_export]
macro_rules! refused {
    (const $refusal:expr, $realm:expr, $scopes:expr, $fields:expr, $policy:expr) => {{
        const REFUSAL: ::sallet_core::auth::Refusal = $refusal;
        const { $crate::answer::Answer::fixed(
            REFUSAL.status(),
            $crate::const_text!(out => $crate::refused::render_start(out, REFUSAL, $realm, $scopes, $fields)),
            $policy,
            $crate::const_text!(out => REFUSAL.render_body(out)),
        ) }
    }};
    ($refusal:expr, $realm:expr, $scopes:expr, $fields:expr, $policy:expr) => {{
        use ::sallet_core::auth::{CredentialsError as E, Refusal as R};
        macro_rules! answer_to {
            ($constant:expr) => {
                $crate::refused!(const $constant, $realm, $scopes, $fields, $policy)
            };
        }
        match $refusal {
            R::Missing => answer_to!(R::Missing),
            R::InvalidToken => answer_to!(R::InvalidToken),
            R::InsufficientScope => answer_to!(R::InsufficientScope),
            R::Malformed(E::Repeated) => answer_to!(R::Malformed(E::Repeated)),
            R::Malformed(E::TooLong) => answer_to!(R::Malformed(E::TooLong)),
            R::Malformed(E::Scheme) => answer_to!(R::Malformed(E::Scheme)),
            R::Malformed(E::Separator) => answer_to!(R::Malformed(E::Separator)),
            R::Malformed(E::DuplicateParam) => answer_to!(R::Malformed(E::DuplicateParam)),
            R::Malformed(E::TooManyParams) => answer_to!(R::Malformed(E::TooManyParams)),
            R::Malformed(E::NoToken) => answer_to!(R::Malformed(E::NoToken)),
            // `Value`; of the others there is none, see above.
            R::Malformed(_) => answer_to!(R::Malformed(E::Value)),
        }
    }};
}

/// Everything in front of the policy.
pub const fn render_start(
    out: &mut Cursor<'_>,
    refusal: Refusal,
    realm: Realm<&str>,
    scopes: Scopes<&str>,
    fields: &[(&str, &str)],
) {
    out.put(match refusal.status() {
        401 => b"HTTP/1.1 401 Unauthorized\r\n",
        403 => b"HTTP/1.1 403 Forbidden\r\n",
        _ => b"HTTP/1.1 400 Bad Request\r\n",
    });
    out.put(Challenge::FIELD.as_bytes());
    out.put(b": ");
    Challenge::new(realm, refusal, scopes).render(out);
    out.put(b"\r\n");
    let mut at = 0;
    while at < fields.len() {
        out.put(fields[at].0.as_bytes());
        out.put(b": ");
        out.put(fields[at].1.as_bytes());
        out.put(b"\r\n");
        at += 1;
    }
    out.put(b"content-length: ");
    out.put_decimal(refusal.body_len() as u64);
    out.put(b"\r\n");
}
