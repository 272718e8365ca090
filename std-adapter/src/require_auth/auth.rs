//! What a layer authenticates requests by.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use http::HeaderName;
use sallet_core::auth::{AuthScheme, PlaceName, Realm, Requirement, ResourceMetadata, Scopes};

use super::document::Document;
use super::{Keys, ProtectedResource};
use crate::checked::Checked;

/// How requests are authenticated: a scheme, what it asks for, and `V`, which verifies what is presented.
///
/// A scheme's own type makes it, as [`Bearer`](super::Bearer) does.
///
/// ```
/// use sallet_core::auth::{Key, Keyring};
/// use sallet_core::digest_hex;
/// use sallet_hyper::{Bearer, RequireAuthLayer};
///
/// static KEYS: Keyring = Keyring::new(&[
///     Key::new("ci", digest_hex!("4439cd9ae307e28c3d22555676c3b2274cf06c5445754d165528b5d4e6184718")).scopes("items:read"),
/// ]);
///
/// let layer = RequireAuthLayer::new(Bearer::new(&KEYS).realm("items").scopes("items:read"));
/// # let _ = layer;
/// ```
#[derive(Clone)]
#[must_use = "a scheme does nothing until a layer requires it"]
pub struct Auth<V> {
    pub(super) verifier: V,
    pub(super) need: Requirement<String>,
    pub(super) now: fn() -> u64,
    /// What the layer is to serve.
    pub(super) document: Option<Document>,
}

impl<V> Auth<V> {
    pub(super) fn new(scheme: AuthScheme, verifier: V) -> Self {
        let need = Requirement::new(scheme, Realm::new("api"), Scopes::EMPTY).owned();
        Self { verifier, need, now: unix_now, document: None }
    }

    fn with(mut self, change: impl FnOnce(Requirement<&str>) -> Requirement<String>) -> Self {
        self.need = change(self.need.borrowed());
        self
    }

    /// Names what is protected, for people whose client asks them for credentials. `api`, unless said otherwise.
    ///
    /// # Panics
    /// When it is a text that [`Realm::parse`] refuses: empty, or with a character that cannot stand in a header. The panic
    /// names the line of the caller.
    #[track_caller]
    pub fn realm(self, name: impl Checked<Realm<String>>) -> Self {
        let name = name.checked();
        self.with(|need| need.with_realm(name.borrowed()).owned())
    }

    /// Asks for scopes: all of these, separated by single spaces. They are compared with those of the key, or of the
    /// [`User`](super::User) that a verifier of yours returns.
    ///
    /// # Panics
    /// When it is a text that [`Scopes::parse`] refuses. The panic names the line of the caller.
    #[track_caller]
    pub fn scopes(self, scopes: impl Checked<Scopes<String>>) -> Self {
        let scopes = scopes.checked();
        self.with(|need| need.with_scopes(scopes.borrowed()).owned())
    }

    /// Takes another word than the scheme's, in `Authorization` and in challenges: `Token` of Django REST framework.
    ///
    /// # Panics
    /// When it is a text that [`PlaceName::parse`] refuses. The panic names the line of the caller.
    #[track_caller]
    pub fn word(self, word: impl Checked<PlaceName<String>>) -> Self {
        let word = word.checked();
        self.with(|need| need.by_word(word.borrowed()).owned())
    }

    /// Reads the credential from another field than the scheme's: an API key from `X-Items-Key`.
    ///
    /// # Panics
    /// When it is a text that [`PlaceName::parse`] refuses, as `Cookie`. The panic names the line of the caller.
    #[track_caller]
    pub fn header(self, name: impl Checked<PlaceName<String>>) -> Self {
        let name = name.checked();
        self.with(|need| need.in_field(name.borrowed()).owned())
    }

    /// Reads the credential from the subprotocols of a WebSocket handshake as well, where browsers can put one:
    /// `new WebSocket(url, ["bearer", TOKEN])` for the name `bearer`.
    ///
    /// The service inside does not see the token, but the name, and if it chooses no subprotocol, the name is what the client is
    /// answered.
    ///
    /// # Panics
    /// When it is a text that [`PlaceName::parse`] refuses. The panic names the line of the caller.
    #[track_caller]
    pub fn websocket_subprotocol(self, name: impl Checked<PlaceName<String>>) -> Self {
        let name = name.checked();
        self.with(|need| need.in_subprotocol(name.borrowed()).owned())
    }

    /// Reads the credential from this parameter of the query as well (RFC 6750 section 2.3). The service inside does not see it, but
    /// URLs end up in logs, histories and `Referer` before they come here: for clients that can set nothing else.
    ///
    /// # Panics
    /// When it is a text that [`PlaceName::parse`] refuses. The panic names the line of the caller.
    #[track_caller]
    pub fn query(self, name: impl Checked<PlaceName<String>>) -> Self {
        let name = name.checked();
        self.with(|need| need.in_query(name.borrowed()).owned())
    }

    /// Serves the metadata of the resource (RFC 9728) at its well-known path, to anybody, and names its URL in each Bearer challenge:
    /// there a client without a token, such as one of MCP, learns who gives it one.
    ///
    /// The layer answers `GET`, `HEAD` and `OPTIONS` of that path by itself, also inside [`protect`](crate::protect), if it is around
    /// the whole app. One on a route or a nest never sees that path: serve the document by a route there, and say
    /// [`resource_metadata`](Self::resource_metadata).
    ///
    /// ```
    /// use sallet_hyper::{Bearer, ProtectedResource, RequireAuthLayer};
    /// # use sallet_core::auth::{Key, Keyring};
    /// # use sallet_core::digest_hex;
    /// # static KEYS: Keyring = Keyring::new(&[
    /// #     Key::new("ci", digest_hex!("4439cd9ae307e28c3d22555676c3b2274cf06c5445754d165528b5d4e6184718")),
    /// # ]);
    ///
    /// let mcp = ProtectedResource::new("https://api.example/mcp", ["https://login.example"]).scopes("items:read");
    /// let layer = RequireAuthLayer::new(Bearer::new(&KEYS).resource(mcp));
    /// # let _ = layer;
    /// ```
    pub fn resource(mut self, resource: ProtectedResource) -> Self {
        let document = Document::of(&resource);
        self = self.with(|need| need.resource_metadata(document.url()).owned());
        self.document = Some(document);
        self
    }

    /// Tells clients in each Bearer challenge where to learn how to get a token (RFC 9728 section 5.1): the absolute URL of a
    /// metadata document, that something else serves. [`resource`](Self::resource) serves one.
    ///
    /// # Panics
    /// When it is a text that [`ResourceMetadata::parse`] refuses. The panic names the line of the caller.
    #[track_caller]
    pub fn resource_metadata(self, url: impl Checked<ResourceMetadata<String>>) -> Self {
        let url = url.checked();
        self.with(|need| need.resource_metadata(url.borrowed()).owned())
    }

    /// Takes credentials of up to so many bytes instead of 8192: for a verifier of yours, such as of JWTs with many groups. The
    /// server has a limit of its own for all fields.
    pub fn max_length(self, bytes: usize) -> Self {
        Self { need: self.need.with_max_length(bytes), ..self }
    }

    /// Takes credentials that browsers send by themselves, which are Basic's, also with requests that change something or open a
    /// WebSocket for a page of another site. These are 403 otherwise.
    pub fn cross_site(self, allowed: bool) -> Self {
        Self { need: self.need.cross_site(allowed), ..self }
    }
}

impl<K: Keys> Auth<K> {
    /// Tells the time, in seconds since 1970, by another clock than the system's: for tests.
    pub fn clock(mut self, now: fn() -> u64) -> Self {
        self.now = now;
        self
    }
}

/// What a request is judged by.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The number of the scheme among those of the layer.
    pub(super) at: usize,
    pub(super) need: Requirement<&'a str>,
    /// The one that the scheme is read from.
    pub(super) field: &'a HeaderName,
    pub(super) now: fn() -> u64,
}

impl<V> fmt::Debug for Auth<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Auth").field(&self.need).finish()
    }
}

/// A clock that stands before 1970 is broken; 0 leaves keys that have a first second closed.
pub(super) fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
