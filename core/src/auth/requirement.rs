//! What a request must show.

use super::{
    AuthRequest, AuthScheme, Challenge, Credentials, CredentialsError, Place, PlaceName, Realm, Reason, Refusal,
    ResourceMetadata, Scopes, cross_site, query, subprotocol,
};
use crate::grammar;
use crate::merge::Privacy;

/// Credentials in their place.
#[derive(Clone, Copy)]
enum Found<'r> {
    /// Behind the word of the scheme, and a token68.
    Token(&'r str),
    /// A whole line.
    Line(&'r [u8]),
    /// What follows a name among the subprotocols.
    Subprotocol(&'r [u8]),
    /// The one parameter of this name in a query.
    Query(&'r [u8], &'r str),
}

/// What a route asks of a request: credentials of a scheme, for a realm, good for some scopes.
///
/// A host holds one for each scheme, converts its requests ([`AuthRequest`]), and sends what it says. It never needs to know which
/// scheme it is. Several at once are [`Alternatives`](super::Alternatives).
///
/// ```
/// use sallet_core::auth::{AuthScheme, PlaceName, Realm, Refusal, Requirement, Scopes};
///
/// const READ: Requirement =
///     Requirement::new(AuthScheme::Bearer, Realm::new("items"), Scopes::new("items:read"));
/// assert_eq!((READ.word(), READ.field()), ("Bearer", "authorization"));
/// assert_eq!(
///     READ.challenge(Refusal::InsufficientScope).unwrap().to_string(),
///     r#"Bearer realm="items", error="insufficient_scope", scope="items:read""#,
/// );
///
/// // Django REST framework's word, and a field of one's own.
/// const TOKEN: Requirement = READ.by_word(PlaceName::new("Token"));
/// const KEY: Requirement = Requirement::new(AuthScheme::ApiKey, Realm::new("items"), Scopes::EMPTY)
///     .in_field(PlaceName::new("X-Items-Key"));
/// # let _ = (TOKEN, KEY);
/// ```
///
/// `S` is the kind of string, as of [`Scopes`]: a host that reads its configuration holds a `Requirement<String>`, and
/// [`borrowed`](Requirement::borrowed) has the questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement<S = &'static str> {
    scheme: AuthScheme,
    realm: Realm<S>,
    scopes: Scopes<S>,
    word: Option<PlaceName<S>>,
    field: Option<PlaceName<S>>,
    subprotocol: Option<PlaceName<S>>,
    parameter: Option<PlaceName<S>>,
    metadata: Option<ResourceMetadata<S>>,
    max_len: usize,
    cross_site: bool,
}

impl<S> Requirement<S> {
    /// Asks for credentials of `scheme`, good for all of `scopes`; `realm` names what they open.
    pub const fn new(scheme: AuthScheme, realm: Realm<S>, scopes: Scopes<S>) -> Self {
        Self {
            scheme,
            realm,
            scopes,
            word: None,
            field: None,
            subprotocol: None,
            parameter: None,
            metadata: None,
            max_len: Credentials::MAX_LEN,
            cross_site: false,
        }
    }

    /// The scheme.
    pub const fn scheme(&self) -> AuthScheme {
        self.scheme
    }

    /// Whether credentials are looked for in its field alone, so that none have to be taken out of subprotocols or a query.
    // Inlined, or what it looks at is kept on the stack: 460 bytes become 668 on thumbv7m.
    #[inline]
    pub const fn is_in_field(&self) -> bool {
        self.subprotocol.is_none() && self.parameter.is_none()
    }

    /// How many bytes of a credential are looked at: [`Credentials::MAX_LEN`], unless said otherwise.
    pub const fn max_length(&self) -> usize {
        self.max_len
    }

    /// Takes credentials of up to so many bytes, scheme word included. For those that a function looks at, such as JWTs; those of a
    /// [`Keyring`](super::Keyring) are short. A server has a limit for all its fields, which has to be higher.
    #[must_use]
    pub const fn with_max_length(mut self, bytes: usize) -> Self {
        self.max_len = bytes;
        self
    }

    /// Takes credentials that a browser sends by itself also with requests that change something, or open a WebSocket, for a page of
    /// another site. Without it these get [`Refusal::CrossSite`]; only Basic's are such.
    #[must_use]
    pub const fn cross_site(mut self, allowed: bool) -> Self {
        self.cross_site = allowed;
        self
    }
}

impl<S: AsRef<str>> Requirement<S> {
    /// The same with borrowed texts.
    pub fn borrowed(&self) -> Requirement<&str> {
        Requirement {
            scheme: self.scheme,
            realm: self.realm.borrowed(),
            scopes: self.scopes.borrowed(),
            word: self.word.as_ref().map(PlaceName::borrowed),
            field: self.field.as_ref().map(PlaceName::borrowed),
            subprotocol: self.subprotocol.as_ref().map(PlaceName::borrowed),
            parameter: self.parameter.as_ref().map(PlaceName::borrowed),
            metadata: self.metadata.as_ref().map(ResourceMetadata::borrowed),
            max_len: self.max_len,
            cross_site: self.cross_site,
        }
    }
}

impl<'a> Requirement<&'a str> {
    /// The same for other scopes.
    #[must_use]
    pub const fn with_scopes(self, scopes: Scopes<&'a str>) -> Self {
        Self { scopes, ..self }
    }

    /// The same for another realm.
    #[must_use]
    pub const fn with_realm(self, realm: Realm<&'a str>) -> Self {
        Self { realm, ..self }
    }

    /// The same with strings of its own, such as `String`s.
    pub fn owned<T: for<'t> From<&'t str>>(&self) -> Requirement<T> {
        let name = |name: Option<PlaceName<&str>>| name.map(|name| name.owned());
        Requirement {
            scheme: self.scheme,
            realm: self.realm.owned(),
            scopes: self.scopes.owned(),
            word: name(self.word),
            field: name(self.field),
            subprotocol: name(self.subprotocol),
            parameter: name(self.parameter),
            metadata: self.metadata.map(|url| url.owned()),
            max_len: self.max_len,
            cross_site: self.cross_site,
        }
    }

    /// Known by another word in `Authorization` and in challenges, as `Token`.
    #[must_use]
    pub const fn by_word(self, word: PlaceName<&'a str>) -> Self {
        Self { word: Some(word), ..self }
    }

    /// Read from another field.
    #[must_use]
    pub const fn in_field(self, name: PlaceName<&'a str>) -> Self {
        Self { field: Some(name), ..self }
    }

    /// Read from a WebSocket handshake's subprotocols as well, as the one that follows `name`: `new WebSocket(url, [name, TOKEN])`. What
    /// is there is a secret, so the host takes it out of the request ([`without_token`](super::without_token)), and answers as
    /// [`offered_subprotocol`](Self::offered_subprotocol) says.
    #[must_use]
    pub const fn in_subprotocol(self, name: PlaceName<&'a str>) -> Self {
        Self { subprotocol: Some(name), ..self }
    }

    /// Read from the query as well, from the parameter `name` (RFC 6750 section 2.3). URLs end up in logs, histories and `Referer`:
    /// for clients that can set nothing else.
    #[must_use]
    pub const fn in_query(self, name: PlaceName<&'a str>) -> Self {
        Self { parameter: Some(name), ..self }
    }

    /// Tells clients where to learn how to get a token.
    #[must_use]
    pub const fn resource_metadata(self, url: ResourceMetadata<&'a str>) -> Self {
        Self { metadata: Some(url), ..self }
    }

    /// The word in challenges, and in the field where the scheme has one there.
    pub const fn word(&self) -> &'a str {
        match self.word {
            Some(word) => word.as_str(),
            None => self.scheme.name(),
        }
    }

    /// The field whose lines are read. Its case does not matter.
    pub const fn field(&self) -> &'a str {
        match self.field {
            Some(name) => name.as_str(),
            None => self.scheme.field(),
        }
    }

    /// The subprotocol that a token follows.
    pub const fn subprotocol(&self) -> Option<&'a str> {
        match self.subprotocol {
            Some(name) => Some(name.as_str()),
            None => None,
        }
    }

    /// The subprotocol to answer a WebSocket handshake with if the app chooses none: the name before the token, where the client offers it.
    /// A browser gives up when none of those it offered is chosen ([WebSockets, section
    /// 2.2](https://websockets.spec.whatwg.org/#establish-a-websocket-connection), RFC 6455 section 4.1).
    ///
    /// ```
    /// # use sallet_core::auth::{AuthScheme, PlaceName, Realm, RequestFields, Requirement, Scopes};
    /// const NEED: Requirement = Requirement::new(AuthScheme::Bearer, Realm::new("items"), Scopes::EMPTY)
    ///     .in_subprotocol(PlaceName::new("bearer"));
    /// let fields = [("upgrade", &b"websocket"[..]), ("sec-websocket-protocol", b"chat, bearer, TOKEN")];
    /// assert_eq!(NEED.offered_subprotocol(&RequestFields::new("GET", &fields)), Some("bearer"));
    /// assert_eq!(NEED.offered_subprotocol(&RequestFields::new("GET", &fields[..1])), None);
    /// ```
    pub fn offered_subprotocol(&self, request: &impl AuthRequest) -> Option<&'a str> {
        self.subprotocol().filter(|name| request.is_websocket() && subprotocol::is_offered(request, name))
    }

    /// The parameter of the query that a token is in.
    pub const fn parameter(&self) -> Option<&'a str> {
        match self.parameter {
            Some(name) => Some(name.as_str()),
            None => None,
        }
    }

    pub(super) const fn metadata(&self) -> Option<ResourceMetadata<&'a str>> {
        self.metadata
    }

    /// The name of what is protected.
    pub const fn realm(&self) -> Realm<&'a str> {
        self.realm
    }

    /// The scopes that a request needs.
    pub const fn scopes(&self) -> Scopes<&'a str> {
        self.scopes
    }

    /// Reads the credentials, and hands what was presented to `then`: for a host that verifies in another way than by a
    /// [`Keyring`](super::Keyring).
    ///
    /// It goes to a function and is not returned, because a scheme may have decoded it into memory of its own.
    ///
    /// ```
    /// # use sallet_core::auth::{AuthScheme, CredentialsError, Realm, Reason, RequestFields, Requirement, Scopes};
    /// let need = Requirement::new(AuthScheme::Bearer, Realm::new("items"), Scopes::EMPTY);
    /// let read = |line: &[u8]| need.read(&RequestFields::new("GET", &[("authorization", line)]), str::to_owned);
    /// assert_eq!(read(b"bearer mF_9.B5f-4.1JqM").unwrap(), "mF_9.B5f-4.1JqM");
    /// assert_eq!(read(b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), Err(Reason::Missing));
    /// assert_eq!(read(b"Bearer "), Err(Reason::Malformed(CredentialsError::NoToken)));
    /// ```
    ///
    /// # Errors
    /// [`Reason::Missing`] when there are none, or some of another scheme: the client has not tried yet.
    /// [`Reason::Malformed`] when there are two, or they break the grammar. [`Reason::CrossSite`]: see
    /// [`cross_site`](Requirement::cross_site).
    #[inline]
    pub fn read<R>(&self, request: &impl AuthRequest, then: impl FnOnce(&str) -> R) -> Result<R, Reason> {
        let (place, scheme) = (self.find(request).map_err(Reason::Malformed)?, self.scheme);
        if scheme.is_ambient() && !self.cross_site && place.is_some() && cross_site::is_forged(request) {
            return Err(Reason::CrossSite);
        }
        let checked = |token: &[u8], then| match str::from_utf8(token) {
            _ if token.is_empty() => Err(CredentialsError::NoToken),
            _ if token.len() > self.max_len => Err(CredentialsError::TooLong),
            Ok(token) if scheme.is_token(token) => scheme.take(token, then),
            _ => Err(CredentialsError::Value),
        };
        let taken = match place {
            None => return Err(Reason::Missing),
            Some(Found::Token(token)) => scheme.take(token, then),
            Some(Found::Line(token) | Found::Subprotocol(token)) => checked(token, then),
            Some(Found::Query(query, name)) => {
                query::read(query, name, |token| checked(token, then)).and_then(|taken| taken)
            }
        };
        taken.map_err(Reason::Malformed)
    }

    /// Where the credentials of this scheme are; `None` where there are none, or some of another scheme.
    #[inline]
    fn find<'r>(&'r self, request: &'r impl AuthRequest) -> Result<Option<Found<'r>>, CredentialsError> {
        let in_field = self.find_in_field(request);
        if self.is_in_field() {
            return in_field;
        }
        let mut found = in_field?;
        if let Some(name) = self.subprotocol()
            && request.is_websocket()
            && let Some(token) = subprotocol::token(request, name)?
        {
            // RFC 6750 section 2: no more than one way.
            if found.replace(Found::Subprotocol(token)).is_some() {
                return Err(CredentialsError::Repeated);
            }
        }
        if let Some(name) = self.parameter()
            && let Some(query) = request.query()
            && query::is_there(query, name)
            && found.replace(Found::Query(query, name)).is_some()
        {
            return Err(CredentialsError::Repeated);
        }
        Ok(found)
    }

    #[inline]
    fn find_in_field<'r>(&self, request: &'r impl AuthRequest) -> Result<Option<Found<'r>>, CredentialsError> {
        let mut lines = request.lines(self.field());
        if self.scheme.has_word() {
            return match Credentials::single_within(lines, self.max_len)? {
                Some(credentials) if credentials.is(self.word()) => {
                    credentials.token68().map(|token| Some(Found::Token(token))).ok_or(CredentialsError::NoToken)
                }
                // The client has not tried this scheme yet.
                _ => Ok(None),
            };
        }
        let line = lines.next();
        if lines.next().is_some() {
            Err(CredentialsError::Repeated)
        } else {
            Ok(line.map(|line| Found::Line(grammar::trim_bytes(line))))
        }
    }

    /// Whether a field of this name is asked for: a host that keeps no fields needs to convert no others.
    pub fn looks_at(&self, name: &[u8]) -> bool {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        is(self.field())
            || self.subprotocol.is_some() && is(subprotocol::SUBPROTOCOL_FIELD)
            || self.scheme.is_ambient() && !self.cross_site && cross_site::FIELDS.into_iter().any(is)
    }

    /// Where the credentials of a request are that this lets in; `None` where there are none that can be read.
    pub fn place(&self, request: &impl AuthRequest) -> Option<Place> {
        Some(match self.find(request).ok()?? {
            Found::Token(_) | Found::Line(_) => Place::Field,
            Found::Subprotocol(_) => Place::Subprotocol,
            Found::Query(..) => Place::Query,
        })
    }

    /// Whether there is something for this to judge: credentials of its scheme, good or not, or such that nobody can read and it would
    /// have to.
    pub(super) fn is_tried(&self, request: &impl AuthRequest) -> bool {
        !matches!(self.find(request), Ok(None))
    }

    /// Whether nobody can say whose credentials the field holds, but by the word that it begins with.
    pub(super) fn has_unreadable_field(&self, request: &impl AuthRequest) -> bool {
        self.scheme.has_word() && self.find_in_field(request).is_err()
    }

    /// How firmly shared caches have to be kept off the response to a request that this admitted: by themselves they keep off only where
    /// credentials are in `Authorization` (RFC 9111 section 3.5), and not all of them do. What to change in the response says
    /// [`ForOne`](crate::merge::ForOne).
    ///
    /// ```
    /// # use sallet_core::auth::{AuthScheme, Realm, RequestFields, Requirement, Scopes};
    /// # use sallet_core::merge::Privacy;
    /// let need = |scheme| Requirement::new(scheme, Realm::new("items"), Scopes::EMPTY);
    /// let request = RequestFields::new("GET", &[("authorization", b"Bearer x"), ("x-api-key", b"y")]);
    /// assert_eq!(need(AuthScheme::Bearer).privacy(&request), Privacy::UnlessShared);
    /// assert_eq!(need(AuthScheme::ApiKey).privacy(&request), Privacy::Always);
    /// ```
    pub fn privacy(&self, request: &impl AuthRequest) -> Privacy {
        let is_in_field = self.is_in_field() || self.place(request) == Some(Place::Field);
        if is_in_field && self.field().eq_ignore_ascii_case("authorization") {
            Privacy::UnlessShared
        } else {
            Privacy::Always
        }
    }

    /// The challenge that goes with a refusal; `None` where asking for other credentials would not help.
    pub const fn challenge(&self, refusal: Refusal) -> Option<Challenge<'a>> {
        match refusal {
            Refusal::Unavailable | Refusal::CrossSite | Refusal::Throttled => None,
            _ => Some(Challenge::new(*self, refusal)),
        }
    }
}
