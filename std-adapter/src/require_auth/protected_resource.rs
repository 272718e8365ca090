//! What is protected, for clients that look for a token.

use sallet_core::auth::{self, ProtectedResourceError, ResourceMetadata, Scopes};

use crate::checked::Checked;

/// The metadata of a protected resource (RFC 9728): what is protected, and who gives out tokens for it.
///
/// [`Auth::resource`](super::Auth::resource) serves it.
///
/// ```
/// use sallet_hyper::ProtectedResource;
///
/// let mcp = ProtectedResource::new("https://api.example/mcp", ["https://login.example"])
///     .scopes("items:read items:write")
///     .name("Items")
///     .documentation("https://api.example/docs");
/// # let _ = mcp;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a resource is described by the layer that serves it"]
pub struct ProtectedResource {
    resource: String,
    servers: Vec<String>,
    scopes: Scopes<String>,
    name: String,
    documentation: Option<ResourceMetadata<String>>,
}

impl ProtectedResource {
    /// The URL of what is protected, as clients reach it, and the issuer identifiers of the authorization servers that give out
    /// tokens for it. Clients refuse a document that names another URL than they have asked.
    ///
    /// # Panics
    /// When one of them is not an absolute URL, the resource has a query or a fragment, or there is no server. The panic names the
    /// line of the caller. For those of a configuration there is [`parse`](Self::parse).
    #[track_caller]
    pub fn new(resource: &str, servers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        match Self::parse(resource, servers) {
            Ok(described) => described,
            Err(error) => panic!("{resource:?}: {error}"),
        }
    }

    /// As [`new`](Self::new), for a configuration.
    ///
    /// # Errors
    /// [`ProtectedResourceError`].
    pub fn parse(
        resource: &str,
        servers: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, ProtectedResourceError> {
        let servers: Vec<_> = servers.into_iter().map(Into::into).collect();
        auth::ProtectedResource::parse(resource, &servers)?;
        let (resource, scopes) = (resource.to_owned(), Scopes::EMPTY.owned());
        Ok(Self { resource, servers, scopes, name: String::new(), documentation: None })
    }

    /// Says which scopes a client may ask for.
    ///
    /// # Panics
    /// When it is a text that [`Scopes::parse`] refuses. The panic names the line of the caller.
    #[track_caller]
    pub fn scopes(mut self, scopes: impl Checked<Scopes<String>>) -> Self {
        self.scopes = scopes.checked();
        self
    }

    /// Says what it is called, for people.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Says where developers read more: an absolute URL.
    ///
    /// # Panics
    /// When it is a text that [`ResourceMetadata::parse`] refuses. The panic names the line of the caller.
    #[track_caller]
    pub fn documentation(mut self, url: impl Checked<ResourceMetadata<String>>) -> Self {
        self.documentation = Some(url.checked());
        self
    }

    pub(super) fn borrowed(&self) -> auth::ProtectedResource<'_, String> {
        let described = auth::ProtectedResource::parse(&self.resource, &self.servers).expect("it was checked");
        let described = described.scopes(self.scopes.borrowed()).name(&self.name);
        match &self.documentation {
            Some(url) => described.documentation(url.borrowed()),
            None => described,
        }
    }
}
