//! The document by which clients learn where to get a token for a protected resource (RFC 9728).

use super::{ResourceMetadata, ResourceMetadataError, Scopes};
use crate::cursor::Cursor;
use crate::dialect::valid;
use crate::{grammar, uri};

/// RFC 9728 section 3.
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// What is protected, and who gives out tokens for it: the metadata of RFC 9728 section 2.
///
/// A host serves [`render`](Self::render) at [`path`](Self::path), to anybody and to pages of any origin
/// ([`FIELDS`](Self::FIELDS)), and names its [`url`](Self::put_url) in the challenges of a
/// [`Requirement`](super::Requirement::resource_metadata).
///
/// ```
/// use sallet_core::Cursor;
/// use sallet_core::auth::{ProtectedResource, ProtectedResourceError, Scopes};
///
/// const MCP: ProtectedResource =
///     ProtectedResource::new("https://api.example/mcp", &["https://login.example"]).scopes(Scopes::new("items:read"));
///
/// assert_eq!(MCP.path(), ["/.well-known/oauth-protected-resource", "/mcp"]);
/// let mut buf = [0; 256];
/// let mut out = Cursor::new(&mut buf);
/// MCP.render(&mut out);
/// assert_eq!(
///     str::from_utf8(out.finish().unwrap()).unwrap(),
///     r#"{"resource":"https://api.example/mcp","authorization_servers":["https://login.example"],"bearer_methods_supported":["header"],"scopes_supported":["items:read"]}"#,
/// );
/// assert_eq!(ProtectedResource::parse("https://api.example", &[""; 0]), Err(ProtectedResourceError::NoServer));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProtectedResource<'a, S = &'a str> {
    resource: &'a str,
    servers: &'a [S],
    scopes: Scopes<&'a str>,
    name: &'a str,
    documentation: &'a str,
}

impl<'a, S: AsRef<str>> ProtectedResource<'a, S> {
    /// The resource that has this URL, and the issuer identifiers of the authorization servers that give out tokens for it.
    ///
    /// # Errors
    /// [`ProtectedResourceError`] when one of them is not an absolute URL, the resource has a query or a fragment, or there is no
    /// server.
    pub fn parse(resource: &'a str, servers: &'a [S]) -> Result<Self, ProtectedResourceError> {
        check_resource(resource)?;
        if servers.is_empty() {
            return Err(ProtectedResourceError::NoServer);
        }
        for server in servers {
            if ResourceMetadata::parse(server.as_ref()).is_err() {
                return Err(ProtectedResourceError::Server);
            }
        }
        Ok(Self::unchecked(resource, servers))
    }

    const fn unchecked(resource: &'a str, servers: &'a [S]) -> Self {
        Self { resource, servers, scopes: Scopes::EMPTY, name: "", documentation: "" }
    }

    /// The same with scopes that a client may ask for.
    #[must_use]
    pub const fn scopes(self, scopes: Scopes<&'a str>) -> Self {
        Self { scopes, ..self }
    }

    /// The same with a name for people.
    #[must_use]
    pub const fn name(self, name: &'a str) -> Self {
        Self { name, ..self }
    }

    /// The same with the URL of a page for developers.
    #[must_use]
    pub const fn documentation(self, url: ResourceMetadata<&'a str>) -> Self {
        Self { documentation: url.as_str(), ..self }
    }

    /// Where the document is on the host of the resource, in two halves: behind the well-known path comes that of the resource
    /// (section 3.1), which is none if it is only the slash behind the host.
    pub const fn path(&self) -> [&'a str; 2] {
        let path = halves(self.resource).1;
        [WELL_KNOWN, if let b"/" = path.as_bytes() { "" } else { path }]
    }

    /// Writes the URL of the document.
    pub const fn put_url(&self, out: &mut Cursor<'_>) {
        out.put(halves(self.resource).0.as_bytes());
        let [known, path] = self.path();
        out.put(known.as_bytes());
        out.put(path.as_bytes());
    }

    /// Writes the document, in JSON. Members without a value are left out.
    pub fn render(&self, out: &mut Cursor<'_>) {
        out.put(b"{\"resource\":");
        put_text(out, self.resource);
        out.put(b",\"authorization_servers\":");
        put_list(out, self.servers.iter().map(AsRef::as_ref));
        out.put(b",\"bearer_methods_supported\":[\"header\"]");
        if self.scopes != Scopes::EMPTY {
            out.put(b",\"scopes_supported\":");
            put_list(out, self.scopes.as_str().split(' '));
        }
        for (member, text) in
            [(&b",\"resource_name\":"[..], self.name), (b",\"resource_documentation\":", self.documentation)]
        {
            if !text.is_empty() {
                out.put(member);
                put_text(out, text);
            }
        }
        out.put(b"}");
    }
}

impl<'a> ProtectedResource<'a> {
    /// The path of the document of a resource that has none (section 3).
    pub const WELL_KNOWN: &'static str = WELL_KNOWN;

    /// The fields of a response with the document. There is nothing secret in it, and clients of MCP run in browsers too.
    pub const FIELDS: [(&'static str, &'static str); 2] =
        [("content-type", "application/json"), ("access-control-allow-origin", "*")];

    /// The fields of the answer to a CORS preflight for it, which clients of MCP cause by a field of their own.
    pub const PREFLIGHT_FIELDS: [(&'static str, &'static str); 3] = [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "GET"),
        ("access-control-allow-headers", "mcp-protocol-version"),
    ];

    /// As [`parse`](Self::parse), of constants.
    ///
    /// ```compile_fail,E0080
    /// # use sallet_core::auth::ProtectedResource;
    /// const MCP: ProtectedResource = ProtectedResource::new("/mcp", &["https://login.example"]);
    /// // error[E0080]: evaluation panicked: the resource is an absolute URL: write the scheme and the host too, as in
    /// //               https://api.example/mcp
    /// ```
    ///
    /// # Panics
    /// When it is not usable; in a `const` that is a compile error.
    #[track_caller]
    pub const fn new(resource: &'a str, servers: &'a [&'a str]) -> Self {
        valid!(check(resource, servers));
        Self::unchecked(resource, servers)
    }
}

const fn check(resource: &str, servers: &[&str]) -> Result<(), ProtectedResourceError> {
    if let Err(error) = check_resource(resource) {
        return Err(error);
    }
    if servers.is_empty() {
        return Err(ProtectedResourceError::NoServer);
    }
    let mut servers = servers;
    while let [server, rest @ ..] = servers {
        if super::resource_metadata::check(server).is_err() {
            return Err(ProtectedResourceError::Server);
        }
        servers = rest;
    }
    Ok(())
}

const fn check_resource(resource: &str) -> Result<(), ProtectedResourceError> {
    match super::resource_metadata::check(resource) {
        Err(ResourceMetadataError::Fragment) => Err(ProtectedResourceError::Query),
        Err(_) => Err(ProtectedResourceError::Resource),
        // A query would have to be behind the path of the document too, where no router looks for it.
        Ok(()) if grammar::find(resource, b'?', 0) < resource.len() => Err(ProtectedResourceError::Query),
        Ok(()) => Ok(()),
    }
}

/// Scheme and authority of a URL, and its path.
const fn halves(url: &str) -> (&str, &str) {
    match uri::split_scheme(url) {
        Some((_, rest)) => url.split_at(url.len() - uri::split_authority(rest).1.len()),
        None => ("", url),
    }
}

fn put_list<'t>(out: &mut Cursor<'_>, texts: impl Iterator<Item = &'t str>) {
    let mut before: &[u8] = b"[";
    for text in texts {
        out.put(before);
        put_text(out, text);
        before = b",";
    }
    out.put(b"]");
}

/// A string of JSON (RFC 8259 section 7), which only a name can make longer than it is.
fn put_text(out: &mut Cursor<'_>, text: &str) {
    out.put(b"\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.put(&[b'\\', byte]),
            b'\n' => out.put(b"\\n"),
            b'\r' => out.put(b"\\r"),
            b'\t' => out.put(b"\\t"),
            8 => out.put(b"\\b"),
            12 => out.put(b"\\f"),
            0..=0x1f => {
                let hex = |half: u8| b"0123456789abcdef"[usize::from(half & 15)];
                out.put(b"\\u00");
                out.put(&[hex(byte >> 4), hex(byte)]);
            }
            _ => out.put(&[byte]),
        }
    }
    out.put(b"\"");
}

/// Why a resource cannot be described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProtectedResourceError {
    /// The resource is not an absolute URL of `https` or `http`.
    Resource,
    /// The resource has a query or a fragment.
    Query,
    /// A server is not an absolute URL of `https` or `http`.
    Server,
    /// There is no authorization server.
    NoServer,
}

impl ProtectedResourceError {
    /// What is wrong and how to mend it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Resource => {
                "the resource is an absolute URL: write the scheme and the host too, as in https://api.example/mcp"
            }
            Self::Query => "the resource has a query or a fragment: leave it out",
            Self::Server => {
                "an authorization server is named by its issuer, an absolute URL: write it as in https://login.example"
            }
            Self::NoServer => "there is no authorization server, so the document would lead nowhere: name one",
        }
    }
}

crate::dialect::error!(ProtectedResourceError);

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::String;

    use super::*;

    fn written(write: impl Fn(&mut Cursor<'_>)) -> String {
        let mut buf = [0; 512];
        let mut out = Cursor::new(&mut buf);
        write(&mut out);
        String::from_utf8(out.finish().unwrap().to_vec()).unwrap()
    }

    #[test]
    fn the_document_is_behind_the_host() {
        for (resource, url) in [
            ("https://api.example", "https://api.example/.well-known/oauth-protected-resource"),
            ("https://api.example/", "https://api.example/.well-known/oauth-protected-resource"),
            ("http://[::1]:8000/a/b/", "http://[::1]:8000/.well-known/oauth-protected-resource/a/b/"),
        ] {
            let described = ProtectedResource::parse(resource, &["https://login.example"]).unwrap();
            assert_eq!(written(|out| described.put_url(out)), url);
            assert!(url.ends_with(&described.path().concat()));
        }
    }

    #[test]
    fn what_cannot_be_described() {
        let servers = ["https://login.example"];
        for (resource, error) in [
            ("api.example", ProtectedResourceError::Resource),
            ("https://", ProtectedResourceError::Resource),
            ("https://a.example/\"", ProtectedResourceError::Resource),
            ("https://a.example/?x", ProtectedResourceError::Query),
            ("https://a.example/#x", ProtectedResourceError::Query),
        ] {
            assert_eq!(ProtectedResource::parse(resource, &servers), Err(error), "{resource}");
        }
        let of = |servers: &[&str]| ProtectedResource::parse("https://a.example", servers).unwrap_err();
        assert_eq!((of(&["login"]), of(&[])), (ProtectedResourceError::Server, ProtectedResourceError::NoServer));
    }

    #[test]
    fn a_name_is_a_string_of_json() {
        let described = ProtectedResource::new("https://a.example", &["https://b.example", "https://c.example"])
            .scopes(Scopes::new("x y"))
            .name("\"M\\C\u{e9}\"\n\u{1}\u{1f}")
            .documentation(ResourceMetadata::new("https://a.example/docs"));
        assert_eq!(
            written(|out| described.render(out)),
            "{\"resource\":\"https://a.example\",\"authorization_servers\":[\"https://b.example\",\"https://c.example\"],\
             \"bearer_methods_supported\":[\"header\"],\"scopes_supported\":[\"x\",\"y\"],\
             \"resource_name\":\"\\\"M\\\\C\u{e9}\\\"\\n\\u0001\\u001f\",\"resource_documentation\":\"https://a.example/docs\"}"
        );
    }
}
