//! The bundle on disk: where its library lies, its entry and its factory.

use crate::error::HostError;
use crate::plugin::Facts;
use libloading::Library;
use std::ffi::{c_char, c_void};
use std::path::{Path, PathBuf};
use vst3::Steinberg::Vst::IComponent;
use vst3::Steinberg::{
    IPluginFactory, IPluginFactory2, IPluginFactory2Trait, IPluginFactoryTrait, PClassInfo2,
    kResultOk,
};
use vst3::{ComPtr, Interface};

/// A loaded VST3 library between its entry and its exit.
pub struct Module {
    path: PathBuf,
    factory: Option<ComPtr<IPluginFactory>>,
    library: Library,
}

#[cfg(target_os = "linux")]
const ENTRY: (&[u8], &[u8]) = (b"ModuleEntry\0", b"ModuleExit\0");
#[cfg(target_os = "macos")]
const ENTRY: (&[u8], &[u8]) = (b"bundleEntry\0", b"bundleExit\0");
#[cfg(target_os = "windows")]
const ENTRY: (&[u8], &[u8]) = (b"InitDll\0", b"ExitDll\0");

/// The library inside a bundle; the path itself if it is a plain file.
fn library_path(bundle: &Path) -> PathBuf {
    if bundle.is_file() {
        return bundle.to_owned();
    }
    let stem = bundle.file_stem().unwrap_or_default();
    let (folder, extension) = if cfg!(target_os = "macos") {
        ("MacOS".to_owned(), "")
    } else if cfg!(target_os = "windows") {
        (format!("{}-win", std::env::consts::ARCH), "vst3")
    } else {
        (format!("{}-linux", std::env::consts::ARCH), "so")
    };
    bundle.join("Contents").join(folder).join(stem).with_extension(extension)
}

fn c_text(text: &[c_char]) -> String {
    let bytes: Vec<u8> = text.iter().take_while(|&&c| c != 0).map(|&c| c as u8).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Module {
    /// Loads the library and enters it.
    pub fn load(bundle: &Path) -> Result<Module, HostError> {
        let path = library_path(bundle);
        let failed = |reason: String| HostError::Load { path: path.clone(), reason };
        // SAFETY: loading runs the library's initialisers; the file is the plugin that the
        // caller means to run. Names and signatures of its entry points are VST3's.
        unsafe {
            let library = Library::new(&path).map_err(|e| failed(e.to_string()))?;
            // The argument is the library's handle on Linux and a CFBundle on macOS. The
            // plugins loaded here do not look at it, and Windows passes none.
            if let Ok(entry) =
                library.get::<unsafe extern "system" fn(*mut c_void) -> bool>(ENTRY.0)
                && !entry(std::ptr::null_mut())
            {
                return Err(failed("its entry point returned false".into()));
            }
            let get_factory = library
                .get::<unsafe extern "system" fn() -> *mut IPluginFactory>(b"GetPluginFactory\0")
                .map_err(|e| failed(e.to_string()))?;
            let factory = ComPtr::from_raw(get_factory());
            let factory = factory.ok_or_else(|| failed("it has no factory".into()))?;
            Ok(Module { path: path.clone(), factory: Some(factory), library })
        }
    }

    /// Makes an instance of the first audio class, with what the factory says of it.
    pub fn create_component(&self) -> Result<(ComPtr<IComponent>, Facts), HostError> {
        let failed =
            |reason: &str| HostError::Load { path: self.path.clone(), reason: reason.to_owned() };
        let factory: Option<ComPtr<IPluginFactory2>> = self.factory.as_ref().and_then(ComPtr::cast);
        let factory = factory.ok_or_else(|| failed("its factory is older than VST 3.1"))?;
        // SAFETY: the factory is a live COM object; `info` is a C struct of arrays and numbers,
        // read only after the factory filled it; `object` is a component if the call succeeds.
        unsafe {
            for index in 0..factory.countClasses() {
                let mut info: PClassInfo2 = std::mem::zeroed();
                if factory.getClassInfo2(index, &raw mut info) != kResultOk
                    || c_text(&info.category) != "Audio Module Class"
                {
                    continue;
                }
                let mut object: *mut c_void = std::ptr::null_mut();
                let iid = IComponent::IID;
                let result =
                    factory.createInstance(info.cid.as_ptr(), iid.as_ptr().cast(), &raw mut object);
                if result != kResultOk {
                    return Err(HostError::call("createInstance", format!("result {result}")));
                }
                let component = ComPtr::from_raw(object.cast::<IComponent>());
                let component = component.ok_or_else(|| failed("it made no component"))?;
                let facts = Facts {
                    id: info.cid.iter().map(|&b| format!("{:02x}", b as u8)).collect(),
                    name: c_text(&info.name),
                    vendor: c_text(&info.vendor),
                    version: c_text(&info.version),
                    features: c_text(&info.subCategories).split('|').map(str::to_owned).collect(),
                    ..Facts::default()
                };
                return Ok((component, facts));
            }
        }
        Err(failed("it holds no audio class"))
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        self.factory = None;
        // SAFETY: VST3's exit takes no argument; every object of the library is released.
        unsafe {
            if let Ok(exit) = self.library.get::<unsafe extern "system" fn() -> bool>(ENTRY.1) {
                exit();
            }
        }
    }
}
