//! Rendering at compile time.

use crate::headers::{ExtendError, Extended};
use crate::policy::{RenderError, SecurityHeaders, Template};

/// The block of a policy as a `&'static str`, rendered by the compiler: on a microcontroller it is text in flash, and
/// the rendering code is not in the program.
///
/// ```
/// use sallet_core::{SecurityHeaders, const_block};
/// static HEADERS: &str = const_block!(SecurityHeaders::API);
/// assert!(HEADERS.starts_with("content-security-policy: default-src 'none'; base-uri 'none'"));
/// assert!(HEADERS.ends_with("\r\n"));
/// ```
///
/// ```compile_fail
/// use sallet_core::{ContentSecurityPolicy, Directive, SecurityHeaders, Source, const_block};
/// // error[E0080]: evaluation panicked: the policy has a nonce, which is new for each response: use const_template! …
/// static HEADERS: &str = const_block!(SecurityHeaders::EMPTY.content_security_policy(Some(
///     ContentSecurityPolicy::new(&[Directive::script_src(&[Source::NONCE])])
/// )));
/// ```
#[macro_export]
macro_rules! const_block {
    ($policy:expr) => {{
        const __SALLET_POLICY: $crate::SecurityHeaders<'static> = $policy;
        const __SALLET_BLOCK: [u8; __SALLET_POLICY.block_len()] = $crate::render_const::block(__SALLET_POLICY);
        $crate::render_const::text(&__SALLET_BLOCK)
    }};
}

/// A [`Template`] rendered by the compiler, for a policy with a nonce.
///
/// ```
/// use sallet_core::{ContentSecurityPolicy, Directive, SecurityHeaders, Source, Template, const_template};
/// static PAGE: Template = const_template!(SecurityHeaders::STRICT.content_security_policy(Some(
///     ContentSecurityPolicy::new(&[Directive::default_src(&[Source::SELF]), Directive::script_src(&[Source::NONCE])])
/// )));
/// ```
#[macro_export]
macro_rules! const_template {
    ($policy:expr) => {{
        const __SALLET_POLICY: $crate::SecurityHeaders<'static> = $policy;
        const __SALLET_BLOCK: ([u8; __SALLET_POLICY.block_len()], $crate::Template<'static>) =
            $crate::render_const::template(__SALLET_POLICY);
        const __SALLET_TEXT: &str = $crate::render_const::text(&__SALLET_BLOCK.0);
        __SALLET_BLOCK.1.over_text(__SALLET_TEXT)
    }};
}

/// A policy with sources added to it, as a constant: [`ContentSecurityPolicy::extended`](crate::ContentSecurityPolicy::extended)
/// rendered by the compiler. What is wrong with the result is a compile error.
///
/// ```
/// use sallet_core::{ContentSecurityPolicy, DirectiveName, SecurityHeaders, Source, Template, const_extended, const_template};
///
/// /// STRICT, and the scripts of one CDN and of the page itself.
/// const CSP: ContentSecurityPolicy = const_extended!(
///     ContentSecurityPolicy::STRICT,
///     &[(DirectiveName::ScriptSrc, &[Source::NONCE, Source::new("https://cdn.example")])]
/// );
/// static PAGE: Template = const_template!(SecurityHeaders::STRICT.content_security_policy(Some(CSP)));
/// assert!(CSP.to_string().ends_with("; script-src 'self' 'nonce-{one-for-each-request}' https://cdn.example"));
/// ```
///
/// ```compile_fail
/// # use sallet_core::{ContentSecurityPolicy, DirectiveName, Source, const_extended};
/// // error[E0080]: evaluation panicked: this directive does not take this keyword …
/// const CSP: ContentSecurityPolicy =
///     const_extended!(ContentSecurityPolicy::STRICT, &[(DirectiveName::ImgSrc, &[Source::NONCE])]);
/// ```
#[macro_export]
macro_rules! const_extended {
    ($policy:expr, $added:expr) => {{
        const __SALLET_EXTENDED: $crate::Extended<'static> = $policy.extended($added);
        const __SALLET_TEXT: [u8; __SALLET_EXTENDED.text_len()] = $crate::render_const::extended(__SALLET_EXTENDED);
        $crate::ContentSecurityPolicy::from_text($crate::render_const::text(&__SALLET_TEXT))
    }};
}

#[doc(hidden)]
pub const fn extended<const N: usize>(extended: Extended<'static>) -> [u8; N] {
    let mut out = [0; N];
    match extended.write(&mut out) {
        Ok(_) => out,
        Err(ExtendError::Policy(error)) => panic!("{}", error.message()),
        Err(ExtendError::BufferTooSmall { .. }) => unreachable!(),
    }
}

#[doc(hidden)]
pub const fn block<const N: usize>(policy: SecurityHeaders<'static>) -> [u8; N] {
    let policy = policy.checked();
    let mut out = [0; N];
    match policy.write_block(&mut out) {
        Ok(_) => out,
        Err(RenderError::NonceNeeded) => {
            panic!(
                "the policy has a nonce, which is new for each response: use const_template! instead of const_block!"
            )
        }
        Err(RenderError::BufferTooSmall { .. }) => unreachable!(),
    }
}

#[doc(hidden)]
pub const fn template<const N: usize>(policy: SecurityHeaders<'static>) -> ([u8; N], Template<'static>) {
    let policy = policy.checked();
    let mut out = [0; N];
    let slots = match policy.template(&mut out) {
        Ok(template) => template.without_text(),
        Err(_) => unreachable!(),
    };
    (out, slots)
}

#[doc(hidden)]
pub const fn text(bytes: &[u8]) -> &str {
    match core::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => unreachable!(),
    }
}
