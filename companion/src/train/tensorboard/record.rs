//! Framing of event files: TFRecord, as TensorFlow's `lib/io/record_writer.h` has it.

use std::io::Write;

/// Writes one record: its length as eight bytes, a checksum of those, the bytes, a checksum of
/// them; all numbers little-endian.
///
/// # Errors
/// If the writer fails.
pub fn write(to: &mut impl Write, bytes: &[u8]) -> std::io::Result<()> {
    let length = (bytes.len() as u64).to_le_bytes();
    let record = [&length[..], &checksum(&length), bytes, &checksum(bytes)].concat();
    // In one go, so that a reader sees it whole or not at all.
    to.write_all(&record)
}

/// CRC-32C, rotated and shifted so that checksums of data that hold checksums stay good ones.
fn checksum(bytes: &[u8]) -> [u8; 4] {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}
