//! A header that Sallet has no type for.

use super::error::valid;
use crate::{PolicyError, text};

/// A field of your own: its name and value are checked, what it means is yours.
///
/// ```
/// use sallet_core::CustomField;
/// const ROBOTS: CustomField = CustomField::new("x-robots-tag", "noindex");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomField<'a> {
    name: &'a str,
    value: &'a str,
}

impl<'a> CustomField<'a> {
    /// A field from its name, in lower case, and value.
    ///
    /// # Panics
    /// When [`parse`](Self::parse) refuses it; in a `const` that is a compile error.
    #[track_caller]
    pub const fn new(name: &'a str, value: &'a str) -> Self {
        valid!(Self::parse(name, value))
    }

    /// Checks a field.
    ///
    /// # Errors
    /// [`BadFieldName`](PolicyError::BadFieldName) unless the name is a token in lower case,
    /// [`BadFieldValue`](PolicyError::BadFieldValue) unless the value is visible ASCII with inner white space
    /// (RFC 9110, section 5.5).
    pub const fn parse(name: &'a str, value: &'a str) -> Result<Self, PolicyError> {
        let bytes = name.as_bytes();
        let mut i = 0;
        while i < bytes.len() {
            if bytes[i].is_ascii_uppercase() {
                return Err(PolicyError::BadFieldName);
            }
            i += 1;
        }
        if !text::is_token(name) {
            return Err(PolicyError::BadFieldName);
        }
        if !text::is_field_value(value) {
            return Err(PolicyError::BadFieldValue);
        }
        Ok(Self { name, value })
    }

    /// The name.
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// The value.
    pub const fn value(&self) -> &'a str {
        self.value
    }
}
