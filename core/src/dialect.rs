//! How this crate speaks: `parse` takes text at run time, `new` a constant, which does not compile if it is wrong; an error
//! is a small `Copy` enum whose `message()` names the fix, and is what the compiler says too.

/// Unwraps in a `const fn`, with the error's own sentence as the panic.
macro_rules! valid {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(error) => panic!("{}", error.message()),
        }
    };
}
pub(crate) use valid;

/// `?` in a `const fn`.
macro_rules! ok {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(error) => return Err(error),
        }
    };
}
pub(crate) use ok;

/// `Display` and `Error` of what has a `message()`.
macro_rules! error {
    ($type:ty) => {
        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.message())
            }
        }

        impl core::error::Error for $type {}
    };
}
pub(crate) use error;

/// `Display` of what has a `render(&self, &mut Cursor)`.
macro_rules! display_by_render {
    ($type:ty) => {
        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                $crate::cursor::display(f, |out| self.render(out))
            }
        }
    };
}
pub(crate) use display_by_render;
