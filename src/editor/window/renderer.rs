//! Who draws the window: a graphics card, or the processor.

#![allow(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use egui::{PaintCallback, Rect, Ui, vec2};
use egui_glow::CallbackFn;
use egui_glow::glow::{self, HasContext};

/// What drivers that draw on the processor call themselves, in lower case: those of Mesa, Google's, and
/// Windows' own.
const SOFTWARE: [&str; 5] = ["llvmpipe", "softpipe", "swrast", "swiftshader", "gdi generic"];

/// It was not asked yet.
const UNKNOWN: u8 = 0;
const CARD: u8 = 1;
const PROCESSOR: u8 = 2;

/// Who draws a window, once it has drawn a frame.
#[derive(Clone, Debug, Default)]
pub struct Renderer(Arc<AtomicU8>);

impl Renderer {
    /// Has the driver asked with the next frame, unless it was.
    pub fn ask(&self, ui: &Ui) {
        if self.0.load(Ordering::Relaxed) != UNKNOWN {
            return;
        }
        let answer = self.0.clone();
        let callback = CallbackFn::new(move |_, painter| {
            // SAFETY: this asks for a text alone, of the context that a frame is drawn with now.
            let name = unsafe { painter.gl().get_parameter_string(glow::RENDERER) };
            let who = if is_software(&name) { PROCESSOR } else { CARD };
            answer.store(who, Ordering::Relaxed);
        });
        // It is called for what is seen, and draws nothing.
        let corner = ui.ctx().content_rect().left_top();
        let rect = Rect::from_min_size(corner, vec2(1.0, 1.0));
        ui.painter().add(PaintCallback { rect, callback: Arc::new(callback) });
    }

    /// Whether the processor draws: then each frame is taken from the music's own time.
    pub fn is_processor(&self) -> bool {
        self.0.load(Ordering::Relaxed) == PROCESSOR
    }
}

fn is_software(name: &str) -> bool {
    let name = name.to_lowercase();
    SOFTWARE.iter().any(|software| name.contains(software))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drivers_that_draw_on_the_processor_are_known() {
        for name in ["llvmpipe (LLVM 15.0.6, 256 bits)", "GDI Generic", "Google SwiftShader"] {
            assert!(is_software(name), "{name}");
        }
        for name in ["AMD Radeon RX 6600 (navi23, LLVM 15.0.6)", "Apple M2", "Mesa Intel(R) Xe"] {
            assert!(!is_software(name), "{name}");
        }
    }
}
