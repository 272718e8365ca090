use sallet_core::{BodyLength, HeadError, RequestHead};

use crate::{prints, speaks, unknown};

pub fn works() -> bool {
    let bytes = unknown("GET /items?page=2 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer abc\r\n\r\n").as_bytes();
    let coded = unknown("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").as_bytes();
    let Ok(Some(head)) = RequestHead::<8>::parse(bytes) else { return false };
    (RequestHead::method(&head), head.target()) == ("GET", "/items?page=2")
        && (RequestHead::path(&head), head.query()) == ("/items", Some("page=2"))
        && (RequestHead::len(&head), head.body()) == (bytes.len(), BodyLength::Bytes(0))
        && head.field_lines(unknown("host")).eq([b"a"])
        && head.authorization().is_ok_and(|credentials| credentials.is_some_and(|c| c.token68() == Some("abc")))
        && speaks(HeadError::Syntax)
        && RequestHead::<8>::parse(coded).is_ok_and(|head| head.is_some_and(|head| head.body() == BodyLength::Coded))
        && errors()
}

fn errors() -> bool {
    let every = [
        HeadError::Syntax,
        HeadError::Version,
        HeadError::Target,
        HeadError::Host,
        HeadError::TooManyFields,
        HeadError::BodyLength,
    ];
    HeadError::ALL == every
        && every.iter().all(|&error| HeadError::status(error) >= 400 && prints(error, HeadError::message(error)))
}
