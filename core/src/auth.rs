//! Authentication: strict reading, constant-time matching, correct answers.
//!
//! The parts, in the order in which a request meets them:
//!
//! 1. [`PathRules::access`](crate::paths::PathRules::access) says whether the request needs credentials at all.
//! 2. A [`Requirement`] says which: of an [`AuthScheme`], for a [`Realm`], good for some [`Scopes`]. Where several schemes will do,
//!    [`Alternatives`] says which of them judges the request.
//! 3. [`Requirement::verdict`] reads the request, *verifies* the token against a [`Keyring`], in a time that tells nothing
//!    about the keys (or, where there are very many, an [`IndexedKeyring`]), and sees whether the [`Key`] *grants* the scopes. It returns the key, or the [`Reason`] for the log.
//! 4. [`Reason::refusal`] is what the client hears: a [`Refusal`] with a status, a [`Challenge`] and a body.
//!
//! So an adapter only converts requests ([`AuthRequest`]), sends answers and writes logs.
//!
//! | [`AuthScheme`] | The request shows | What is looked up |
//! |---|---|---|
//! | `Bearer` (RFC 6750) | `Authorization: Bearer TOKEN` | the token |
//! | `Basic` (RFC 7617) | `Authorization: Basic BASE64` | `user:password`, decoded: see [`user_and_password`] |
//! | `ApiKey` (OpenAPI) | `X-API-Key: KEY` | the key |
//!
//! A [`Requirement`] can have another word than `Bearer`, another field, and more places in which a token may be: a parameter of the
//! query, a WebSocket's subprotocols. A request that shows credentials in two of them is refused.
//!
//! ```
//! use sallet_core::auth::{AuthScheme, Key, Keyring, Realm, Reason, Refusal, RequestFields, Requirement, Scopes};
//! use sallet_core::digest_hex;
//!
//! static RING: Keyring = Keyring::new(&[
//!     Key::new("ci-2026", digest_hex!("3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0"))
//!         .principal("ci")
//!         .scopes("items:read items:write"),
//!     Key::new("sensor-7", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
//!         .not_after(1_893_456_000),
//! ]);
//! const ANYBODY: Requirement = Requirement::new(AuthScheme::Bearer, Realm::new("items"), Scopes::EMPTY);
//! const READER: Requirement = ANYBODY.with_scopes(Scopes::new("items:read"));
//!
//! let now = 1_790_000_000; // seconds since 1970
//! let abc = RequestFields::new("GET", &[("authorization", b"Bearer abc")]);
//! let reason = READER.verdict(&RING, &abc, now).unwrap_err();
//! assert_eq!(reason, Reason::InsufficientScope); // sensor-7 is known, but may not read items
//! let refusal = reason.refusal();
//! assert_eq!(refusal.status(), 403);
//! assert_eq!(
//!     READER.challenge(refusal).unwrap().to_string(),
//!     r#"Bearer realm="items", error="insufficient_scope", scope="items:read""#,
//! );
//!
//! assert_eq!(ANYBODY.verdict(&RING, &abc, now).unwrap().principal, "sensor-7");
//! // The log learns more than the client.
//! let late = ANYBODY.verdict(&RING, &abc, 1_900_000_000).unwrap_err();
//! let abd = RequestFields::new("GET", &[("authorization", b"Bearer abd")]);
//! let unknown = ANYBODY.verdict(&RING, &abd, now).unwrap_err();
//! assert_eq!((late, unknown), (Reason::Expired, Reason::Unknown));
//! assert_eq!((late.refusal(), unknown.refusal()), (Refusal::InvalidToken, Refusal::InvalidToken));
//! ```
//!
//! # Limits
//!
//! A token and a password are as good as the channel: serve over TLS. Failures are counted by the hosts (`FailureThrottle`), not here, and there
//! is no session. A keyring is for minted tokens only, also under Basic: see [`secret`](crate::secret). Check passwords that people chose with a slow hash, by
//! [`Requirement::read`].

mod alternatives;
mod challenge;
mod credentials;
mod cross_site;
mod index;
mod indexed_keyring;
mod key;
#[cfg(feature = "alloc")]
mod key_table;
mod keyring;
mod params;
mod place;
mod protected_resource;
mod query;
mod refusal;
mod request;
mod requirement;
mod resource_metadata;
mod ring;
mod schemes;
mod scopes;
mod subprotocol;
mod verdict;

pub use alternatives::{Alternatives, AlternativesError};
pub use challenge::{Challenge, Realm, RealmError};
pub use credentials::{Credentials, CredentialsError};
pub use cross_site::is_cross_site;
pub use indexed_keyring::IndexedKeyring;
pub use key::Key;
#[cfg(feature = "alloc")]
pub use key_table::{KeyBlobError, KeyChange, KeyProblem, KeyTable, KeyTableBuilder, TableKey};
pub use keyring::{Keyring, KeyringError};
pub use params::{ParamValue, Params};
pub use place::{Place, PlaceError, PlaceName};
pub use protected_resource::{ProtectedResource, ProtectedResourceError};
pub use query::without_parameter;
pub use refusal::Refusal;
pub use request::{AuthRequest, RequestFields, upgrades_to_websocket};
pub use requirement::Requirement;
pub use resource_metadata::{ResourceMetadata, ResourceMetadataError};
pub use ring::Ring;
pub use schemes::{AuthScheme, user_and_password};
pub use scopes::{Scopes, ScopesError};
pub use subprotocol::{SUBPROTOCOL_FIELD, without_token};
pub use verdict::Reason;
