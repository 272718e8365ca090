//! Bearer authentication: strict reading, constant-time matching, correct answers.
//!
//! The parts, in the order in which a request meets them:
//!
//! 1. [`PathRules::access`](crate::paths::PathRules::access) says whether the request needs credentials at all.
//! 2. [`bearer_token`] reads the token out of the `Authorization` field lines; [`Credentials`] is the grammar below it.
//! 3. [`Keyring::verify`] finds the [`Key`], in a time that tells nothing about the keys.
//! 4. [`Key::grants`] checks the [`Scopes`] the route asks for.
//! 5. A [`Refusal`] is the answer when any of this fails: status, [`Challenge`], body.
//!
//! [`Keyring::admit`] is steps 2 to 4 in one call, so an adapter only fetches field lines and sends answers.
//!
//! ```
//! use sallet_core::auth::{Challenge, Key, Keyring, Realm, Refusal, Scopes};
//! use sallet_core::digest_hex;
//!
//! static RING: Keyring = Keyring::new(&[
//!     Key::new("ci-2026", digest_hex!("3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0"))
//!         .principal("ci")
//!         .scopes("items:read items:write"),
//!     Key::new("sensor-7", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
//!         .not_after(1_893_456_000),
//! ]);
//! const REALM: Realm = Realm::new("items");
//! const READ: Scopes = Scopes::new("items:read");
//!
//! let now = 1_790_000_000; // seconds since 1970
//! let refusal = RING.admit([&b"Bearer abc"[..]], READ, now).unwrap_err();
//! assert_eq!(refusal, Refusal::InsufficientScope); // sensor-7 is known, but may not read items
//! assert_eq!(refusal.status(), 403);
//! assert_eq!(
//!     Challenge::new(REALM, refusal, READ).to_string(),
//!     r#"Bearer realm="items", error="insufficient_scope", scope="items:read""#,
//! );
//!
//! assert_eq!(RING.admit([&b"Bearer abc"[..]], Scopes::EMPTY, now).unwrap().principal, "sensor-7");
//! assert_eq!(RING.admit([&b"Bearer abd"[..]], READ, now).unwrap_err(), Refusal::InvalidToken);
//! assert_eq!(RING.admit([], READ, now).unwrap_err(), Refusal::Missing);
//! ```
//!
//! # Limits
//!
//! A bearer token is as good as the channel: serve over TLS. There is no rate limit here, no session, and no
//! password: see [`secret`](crate::secret) for why a keyring is for minted tokens only.

mod bearer;
mod challenge;
mod credentials;
mod key;
mod keyring;
mod params;
mod refusal;
mod scopes;

pub use bearer::bearer_token;
pub use challenge::{Challenge, Realm, RealmError};
pub use credentials::{Credentials, CredentialsError};
pub use key::Key;
pub use keyring::{Keyring, KeyringError, Rejection};
pub use params::{ParamValue, Params};
pub use refusal::Refusal;
pub use scopes::{Scopes, ScopesError};
