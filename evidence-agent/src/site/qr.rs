//! One line of text as a QR code: for a terminal, and as a PNG file to print or send.

use qrcode::render::unicode::Dense1x2;
use qrcode::{Color, EcLevel, QrCode};

use crate::error::AgentError;

/// Pixels a module, and the quiet zone around the code that ISO/IEC 18004 asks for, in modules.
const PIXELS: usize = 8;
const QUIET: usize = 4;

/// Black on white, two modules a character: a phone reads it from the screen.
pub(crate) fn terminal(text: &str) -> Result<String, AgentError> {
    Ok(code(text)?.render::<Dense1x2>().dark_color(Dense1x2::Dark).quiet_zone(true).build())
}

/// The bytes of a PNG file of one bit a pixel.
pub(crate) fn png(text: &str) -> Result<Vec<u8>, AgentError> {
    let code = code(text)?;
    let modules = code.width() + 2 * QUIET;
    let side = modules * PIXELS;
    let row_size = side.div_ceil(8);
    let mut bits = vec![0xff_u8; row_size * side];
    let colors = code.to_colors();
    let dark = colors.iter().enumerate().filter(|(_, color)| **color == Color::Dark);
    for at in dark.map(|(at, _)| at) {
        let (x, y) = (at % code.width() + QUIET, at / code.width() + QUIET);
        for row in y * PIXELS..(y + 1) * PIXELS {
            for column in x * PIXELS..(x + 1) * PIXELS {
                bits[row * row_size + column / 8] &= !(0x80 >> (column % 8));
            }
        }
    }
    let side = u32::try_from(side).expect("a code has at most 185 modules with its quiet zone");
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&bits));
    written.map_err(|error| AgentError::Failed(format!("no picture of a QR code: {error}")))?;
    Ok(bytes)
}

fn code(text: &str) -> Result<QrCode, AgentError> {
    QrCode::with_error_correction_level(text, EcLevel::M).map_err(|error| {
        AgentError::Failed(format!("no QR code holds {} bytes: {error}", text.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_shows_the_codes_modules() {
        let text = "fiducial/root/v1 line-4.example/aoi-7 9 AAAA";
        let file = std::io::Cursor::new(png(text).unwrap());
        let mut reader = png::Decoder::new(file).read_info().unwrap();
        let mut bits = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bits).unwrap();
        let code = code(text).unwrap();
        let side = (code.width() + 2 * QUIET) * PIXELS;
        assert_eq!((info.width as usize, info.height as usize), (side, side));
        let colors = code.to_colors();
        for y in 0..side {
            for x in 0..side {
                let dark = bits[y * side.div_ceil(8) + x / 8] & (0x80 >> (x % 8)) == 0;
                let module = |at: usize| (at / PIXELS).checked_sub(QUIET);
                let want = match (module(x), module(y)) {
                    (Some(x), Some(y)) if x < code.width() && y < code.width() => {
                        colors[y * code.width() + x] == Color::Dark
                    }
                    _ => false,
                };
                assert_eq!(dark, want, "pixel {x}, {y}");
            }
        }
    }

    #[test]
    fn a_terminal_shows_it_and_too_much_is_refused() {
        assert!(terminal("abc").unwrap().lines().count() > 10);
        assert!(terminal(&"x".repeat(3000)).is_err());
    }
}
