//! Lines for the log, without the formatting machinery of `core::fmt`.

use embedded_io::Write;

/// Writes a number in decimal.
///
/// # Errors
/// The writer's own.
pub fn decimal<W: Write>(out: &mut W, value: u32) -> Result<(), W::Error> {
    let mut digits = [0; 10]; // u32::MAX has 10
    let (mut value, mut start) = (value, digits.len());
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
        start -= 1;
        if value == 0 {
            break;
        }
    }
    out.write_all(digits.get(start..).unwrap_or_default())
}
