//! Files as the addresses of a `text/uri-list` (RFC 2483, section 5; RFC 8089 for files).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// All but what RFC 3986 leaves as it is, and the slash.
const ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A list of one file.
pub fn of_file(path: &Path) -> String {
    format!("file://{}\r\n", percent_encode(path.as_os_str().as_bytes(), ESCAPED))
}

/// The files of a list; what is no file of this machine is left out.
pub fn files(list: &str) -> Vec<PathBuf> {
    list.lines().map(str::trim_end).filter(|line| !line.starts_with('#')).filter_map(file).collect()
}

fn file(address: &str) -> Option<PathBuf> {
    // `file:/path` and `file://host/path` are both in use; the host is this one.
    let rest = address.strip_prefix("file:")?;
    let path = match rest.strip_prefix("//") {
        Some(rest) => &rest[rest.find('/')?..],
        None => rest,
    };
    let bytes: Vec<u8> = percent_decode_str(path).collect();
    let path = Path::new(OsStr::from_bytes(&bytes));
    path.is_absolute().then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn files_of_other_programs_are_understood() {
        let list = "# from a file manager\r\nfile:///models/a%20b/%C3%BC.safetensors\r\n\
                    file://host/c#d\r\nfile:/e\r\nhttp://f/g\r\nfile://nothing\r\nfile:h\r\n";
        let expected = ["/models/a b/\u{fc}.safetensors", "/c#d", "/e"].map(PathBuf::from);
        assert_eq!(files(list), expected);
        assert!(files("").is_empty());
    }

    proptest! {
        #[test]
        fn a_path_comes_back(path in "/[^\0]{0,40}") {
            let path = PathBuf::from(path);
            let list = of_file(&path);
            prop_assert!(list.is_ascii());
            prop_assert_eq!(files(&list), [path]);
        }

        #[test]
        fn no_list_does_harm(list in any::<String>()) {
            files(&list);
        }
    }
}
