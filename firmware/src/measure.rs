//! Small programs whose differences say what a part costs in flash and stack: `measure_nothing` is the floor.

/// A whole request head, in every one of these programs.
pub static HEAD: &[u8] = b"GET /readings HTTP/1.1\r\nhost: device\r\nuser-agent: measure\r\naccept: */*\r\n\r\n";

/// An `Authorization` line, in every one of these programs; the key is the last of the ring.
pub static AUTHORIZATION: &[u8] = b"Bearer slt_0umOsGXXokPRIhqpL3A4wORPJoM1dFRuaxDN7niERy94XFsRK";

/// The program around `work`, which gets the board's console, [`HEAD`] and [`AUTHORIZATION`]. It prints the most stack
/// that was ever in use.
#[macro_export]
macro_rules! measure {
    ($work:expr) => {
        #[cortex_m_rt::entry]
        fn main() -> ! {
            if let Some(mut board) = ::board::Board::take() {
                let input = core::hint::black_box(($crate::measure::HEAD, $crate::measure::AUTHORIZATION));
                work(&mut board.console, input);
                let Ok(()) = $crate::console::decimal(&mut board.console, ::board::stack::used() as u32);
                let Ok(()) = ::embedded_io::Write::write_all(&mut board.console, b"\n");
            }
            loop {
                ::board::sleep();
            }
        }

        #[inline(never)]
        fn work(console: &mut ::board::Uart, input: (&[u8], &[u8])) {
            let work: fn(&mut ::board::Uart, &[u8], &[u8]) = $work;
            work(console, input.0, input.1);
        }

        #[panic_handler]
        fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
            loop {}
        }
    };
}
