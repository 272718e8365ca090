//! What a policy says of one header.

/// Nothing, a value that its type has checked, or a text that it does not know.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Slot<'a, T> {
    Unset,
    Checked(T),
    /// The whole value as it is sent, given after the mark of [`UNCHECKED`](crate::UNCHECKED).
    Unchecked(&'a str),
}

impl<T: Copy> Slot<'_, T> {
    pub(crate) const fn of(value: Option<T>) -> Self {
        match value {
            Some(value) => Self::Checked(value),
            None => Self::Unset,
        }
    }

    pub(crate) const fn is_set(&self) -> bool {
        !matches!(self, Self::Unset)
    }

    /// The value, if its type has checked it.
    pub(crate) const fn checked(&self) -> Option<&T> {
        match self {
            Self::Checked(value) => Some(value),
            Self::Unset | Self::Unchecked(_) => None,
        }
    }
}
