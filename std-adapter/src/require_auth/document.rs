//! The document about a protected resource, as a layer serves it.

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderName, HeaderValue, Method, Request, Response};
use sallet_core::Cursor;
use sallet_core::auth::{self, ResourceMetadata};

use super::ProtectedResource;
use crate::request_path::whole;

#[derive(Debug, Clone)]
pub(super) struct Document {
    path: String,
    url: ResourceMetadata<String>,
    json: Bytes,
}

impl Document {
    pub(super) fn of(resource: &ProtectedResource) -> Self {
        let described = resource.borrowed();
        let url = String::from_utf8(written(|out| described.put_url(out))).expect("a URL is ASCII");
        Self {
            path: described.path().concat(),
            url: ResourceMetadata::parse(url).expect("a URL with another path is one"),
            json: written(|out| described.render(out)).into(),
        }
    }

    pub(super) fn url(&self) -> ResourceMetadata<&str> {
        self.url.borrowed()
    }

    pub(super) fn is_asked_for<B>(&self, request: &Request<B>) -> bool {
        matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) && whole(request) == self.path
    }

    pub(super) fn answer(&self, method: &Method) -> Response<Bytes> {
        let is_preflight = method == Method::OPTIONS;
        let fields: &[_] = match is_preflight {
            true => &auth::ProtectedResource::PREFLIGHT_FIELDS,
            false => &auth::ProtectedResource::FIELDS,
        };
        let mut response = Response::default();
        for (name, value) in fields {
            response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        if method == Method::HEAD {
            response.headers_mut().insert(CONTENT_LENGTH, self.json.len().into());
        } else if !is_preflight {
            *response.body_mut() = self.json.clone();
        }
        response
    }
}

fn written(write: impl Fn(&mut Cursor<'_>)) -> Vec<u8> {
    let mut count = Cursor::new(&mut []);
    write(&mut count);
    let mut text = vec![0; count.written()];
    let mut out = Cursor::new(&mut text);
    write(&mut out);
    out.finish().expect("it was counted");
    text
}
