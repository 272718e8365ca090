//! Where a client learns how to get a token: the `resource_metadata` of a challenge (RFC 9728 section 5.1).

use crate::dialect::valid;
use crate::uri;

/// The URL of a protected resource's metadata document, absolute: `https://api.example/.well-known/oauth-protected-resource`.
///
/// RFC 9728 section 3 asks for `https`; `http` is taken too, for a server that is tried on this machine or is behind a proxy.
///
/// ```
/// use sallet_core::auth::{ResourceMetadata, ResourceMetadataError};
/// const URL: ResourceMetadata = ResourceMetadata::new("https://api.example/.well-known/oauth-protected-resource");
/// assert_eq!(ResourceMetadata::parse("/metadata"), Err(ResourceMetadataError::Scheme));
/// ```
///
/// `S` is the kind of string, as of [`Realm`](super::Realm).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceMetadata<S = &'static str>(S);

impl<S: AsRef<str>> ResourceMetadata<S> {
    /// The URL.
    ///
    /// # Errors
    /// [`ResourceMetadataError`] when it is not one, or no header could have it.
    pub fn parse(url: S) -> Result<Self, ResourceMetadataError> {
        check(url.as_ref()).map(|()| Self(url))
    }

    /// The same with a borrowed text.
    pub fn borrowed(&self) -> ResourceMetadata<&str> {
        ResourceMetadata(self.0.as_ref())
    }

    /// The same with a string of its own, such as a `String`.
    pub fn owned<T: for<'t> From<&'t str>>(&self) -> ResourceMetadata<T> {
        ResourceMetadata(self.0.as_ref().into())
    }
}

impl<'a> ResourceMetadata<&'a str> {
    /// The URL.
    ///
    /// # Panics
    /// When it is not usable; in a `const` that is a compile error. For one that is not a literal there is
    /// [`ResourceMetadata::parse`].
    #[track_caller]
    pub const fn new(url: &'a str) -> Self {
        valid!(check(url));
        Self(url)
    }

    /// The URL, as it was given.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }
}

pub(super) const fn check(url: &str) -> Result<(), ResourceMetadataError> {
    let Some((scheme, rest)) = uri::split_scheme(url) else { return Err(ResourceMetadataError::Scheme) };
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return Err(ResourceMetadataError::Scheme);
    }
    let (host, port) = uri::split_port(uri::split_authority(rest).0);
    if !(uri::is_host(host) || uri::is_address(host)) || !uri::is_port(port) {
        return Err(ResourceMetadataError::Host);
    }
    let mut rest = rest.as_bytes();
    while let [byte, after @ ..] = rest {
        // What no URI has (RFC 3986 section 2), and so nothing that a quoted string would have to escape.
        let is_uris = matches!(byte, b'!'..=b'~')
            && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}');
        if !is_uris || *byte == b'%' && !uri::starts_with_encoded(rest) {
            return Err(ResourceMetadataError::Character);
        }
        // RFC 9728 section 1.2.
        if *byte == b'#' {
            return Err(ResourceMetadataError::Fragment);
        }
        rest = after;
    }
    Ok(())
}

/// Why a text is not the URL of a metadata document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResourceMetadataError {
    /// Not absolute, or of another scheme than `https` and `http`.
    Scheme,
    /// The host or the port is none.
    Host,
    /// A character that no URL has.
    Character,
    /// A fragment, which is never sent.
    Fragment,
}

impl ResourceMetadataError {
    /// What is wrong and how to mend it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Scheme => {
                "resource_metadata is an absolute URL: write the scheme and the host too, as in \
                 https://api.example/.well-known/oauth-protected-resource"
            }
            Self::Host => "the host or the port of resource_metadata is none: write it as clients reach it",
            Self::Character => "resource_metadata has a character that no URL has: percent-encode it",
            Self::Fragment => "resource_metadata has a fragment: leave out the # and what follows",
        }
    }
}

crate::dialect::error!(ResourceMetadataError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for good in ["https://a.example", "HTTP://localhost:8000/x?y=%20", "https://[::1]/.well-known/x"] {
            assert_eq!(ResourceMetadata::parse(good).map(|url| url.as_str()), Ok(good));
        }
        for (bad, error) in [
            ("", ResourceMetadataError::Scheme),
            ("a.example/x", ResourceMetadataError::Scheme),
            ("ftp://a.example", ResourceMetadataError::Scheme),
            ("https://", ResourceMetadataError::Host),
            ("https://a:b@c", ResourceMetadataError::Host),
            ("https://a.example:99999999", ResourceMetadataError::Host),
            ("https://a.example/\"", ResourceMetadataError::Character),
            ("https://a.example/\r\nx: y", ResourceMetadataError::Character),
            ("https://a.example/%zz", ResourceMetadataError::Character),
            ("https://a.example/\u{e9}", ResourceMetadataError::Character),
            ("https://a.example/#x", ResourceMetadataError::Fragment),
        ] {
            assert_eq!(ResourceMetadata::parse(bad), Err(error), "{bad:?}");
        }
    }
}
