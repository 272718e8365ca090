//! **Sallet, the core**: security headers and token authentication in a `no_std` crate that never allocates (but for
//! the table of keys of the feature `alloc`).
//!
//! A policy is a `const`, a mistake in it is a compile error, and its text is rendered by the compiler:
//!
//! ```
//! use sallet_core::{ContentSecurityPolicy, Directive, SecurityHeaders, Source, const_block};
//!
//! const CSP: ContentSecurityPolicy = ContentSecurityPolicy::new(&[
//!     Directive::default_src(&[Source::SELF]),
//!     Directive::img_src(&[Source::SELF, Source::new("https://img.example")]),
//! ]);
//!
//! /// `name: value\r\n` lines, ready for a wire.
//! static HEADERS: &str = const_block!(SecurityHeaders::STRICT.content_security_policy(Some(CSP)));
//! assert!(HEADERS.starts_with("content-security-policy: default-src 'self'; img-src 'self' https://img.example\r\n"));
//! ```
//!
//! Tokens are matched against a keyring that holds digests only, in time that depends on no secret: see [`auth`] and
//! [`secret`].
//!
//! # On a microcontroller
//!
//! [`const_block!`] and [`const_template!`] put policies into flash as text; the code that renders them is not in the
//! program. The whole bearer check with SHA-256 takes at most 4.8 KiB of flash and 0.5 KiB of stack on a Cortex-M3 (built
//! with `--cfg sha2_backend_soft="compact"`), and no input makes it panic. `RequestHead` (feature `httparse`) reads a raw
//! request head. Every text can be asked for its size: [`SecurityHeaders::block_len`], [`BufferTooSmall::needed`].
//! Entropy for nonces and the clock for validity windows come from you. `firmware/README.md` has the sizes, the buffers
//! and what is not promised.
//!
//! # What it does not do
//!
//! No TLS, no sessions, no JWT, no rate limits. SHA-256 digests protect high-entropy tokens, not passwords. Clocks and
//! entropy come from the caller. Which claims are made about time, and which are not, is said in [`secret`].
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;

mod cursor;
mod dialect;
mod grammar;
mod headers;
mod https_redirect;
mod lint;
mod nonce;
mod percent;
mod policy;
#[doc(hidden)]
pub mod render_const;
#[cfg(feature = "httparse")]
mod request_head;
mod scheme;
mod structured_field;
mod unchecked;
mod uri;

pub mod auth;
pub mod paths;
pub mod secret;

pub use cursor::{BufferTooSmall, Cursor};
pub use headers::*;
pub use https_redirect::HttpsRedirect;
pub use lint::{Lint, Lints, Severity};
pub use nonce::{NONCE_ENTROPY, NONCE_LEN, Nonce, NoncePool, NonceSlots};
pub use policy::{Field, FieldKind, Fields, NonceForm, RenderError, SecurityHeaders, Template, WriteError, merge};
#[cfg(feature = "httparse")]
pub use request_head::{BodyLength, HeadError, RequestHead};
pub use scheme::Scheme;
pub use unchecked::{Marked, UNCHECKED};
