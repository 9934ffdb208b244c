//! What a function may call, from the source alone: names are followed, not types. That finds too
//! much rather than too little; what keeps it near the truth is that a method counts only where
//! its type is in sight, by a name or by a field that is used.

use std::collections::{BTreeSet, HashMap, HashSet};

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::{Attribute, Fields, ImplItem, Item, TraitItem, Type};

use super::layer_of;

/// A token that is a name or a mark, and its line in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    pub text: String,
    pub line: usize,
}

/// A function with a body.
#[derive(Debug)]
pub struct Function {
    /// Its file, from the root.
    pub path: String,
    /// The type or trait that it is a method of.
    pub owner: Option<String>,
    /// The trait, where it is one's in an `impl`.
    of_trait: Option<String>,
    pub name: String,
    /// Signature and body.
    pub words: Vec<Word>,
}

impl Function {
    /// The modules that it lies in.
    fn modules(&self) -> impl Iterator<Item = &str> {
        self.path.trim_end_matches(".rs").split('/').skip(1)
    }

    /// As `Type::name`, or the name alone.
    pub fn called(&self) -> String {
        let owner = self.owner.as_ref().map(|owner| format!("{owner}::"));
        format!("{}{}", owner.unwrap_or_default(), self.name)
    }
}

/// Names in a type's definition: by field, and those that always count.
#[derive(Debug, Default)]
struct Definition {
    fields: Vec<(String, HashSet<String>)>,
    always: HashSet<String>,
}

/// All that is defined in some files, but for tests and stand-ins.
#[derive(Default)]
pub struct Source {
    functions: Vec<Function>,
    types: HashMap<String, Definition>,
    /// Names that a file imports.
    imports: HashMap<String, HashSet<String>>,
}

/// Traits whose methods are called where no name says so.
const UNSAID: [&str; 12] = [
    "Drop",
    "Deref",
    "DerefMut",
    "Index",
    "IndexMut",
    "Iterator",
    "PartialEq",
    "PartialOrd",
    "Add",
    "AddAssign",
    "Sub",
    "Not",
];

impl Source {
    /// Reads files, given with their paths.
    ///
    /// # Panics
    /// If one is not Rust.
    pub fn read(files: &[(String, String)]) -> Source {
        let mut source = Source::default();
        let mut left_out = HashSet::new();
        for (path, text) in files {
            let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
            source.items(path, text, &parsed.items, &mut left_out);
        }
        source.functions.retain(|function| !left_out.contains(&function.path));
        source
    }

    fn items(&mut self, path: &str, text: &str, items: &[Item], left_out: &mut HashSet<String>) {
        for item in items {
            match item {
                Item::Mod(module) => match &module.content {
                    _ if is_left_out(&module.attrs) => {
                        let folder = path.trim_end_matches(".rs");
                        left_out.insert(format!("{folder}/{}.rs", module.ident));
                    }
                    Some((_, items)) => self.items(path, text, items, left_out),
                    None => {}
                },
                Item::Use(used) => {
                    let names = words(text, used.span(), used.span()).into_iter().map(|w| w.text);
                    self.imports.entry(path.to_owned()).or_default().extend(names);
                }
                Item::Fn(function) if !is_left_out(&function.attrs) => {
                    let words = words(text, function.sig.span(), function.block.span());
                    self.function(path, (None, None), &function.sig.ident, words);
                }
                Item::Impl(block) if !is_left_out(&block.attrs) => {
                    let owner = last_name(&block.self_ty);
                    let of_trait = block.trait_.as_ref().and_then(|(path, _)| {
                        path.segments.last().map(|segment| segment.ident.to_string())
                    });
                    for item in &block.items {
                        if let ImplItem::Fn(method) = item
                            && !is_left_out(&method.attrs)
                        {
                            let words = words(text, method.sig.span(), method.block.span());
                            let owner = (owner.clone(), of_trait.clone());
                            self.function(path, owner, &method.sig.ident, words);
                        }
                    }
                }
                Item::Trait(block) => {
                    self.types.entry(block.ident.to_string()).or_default();
                    for item in &block.items {
                        if let TraitItem::Fn(method) = item
                            && let Some(body) = &method.default
                        {
                            let words = words(text, method.sig.span(), body.span());
                            let owner = (Some(block.ident.to_string()), None);
                            self.function(path, owner, &method.sig.ident, words);
                        }
                    }
                }
                Item::Struct(defined) => {
                    self.define(text, &defined.ident.to_string(), &[&defined.fields]);
                }
                Item::Enum(defined) => {
                    let fields: Vec<&Fields> = defined.variants.iter().map(|v| &v.fields).collect();
                    self.define(text, &defined.ident.to_string(), &fields);
                }
                Item::Type(alias) => {
                    let names = names_of(text, &alias.ty);
                    let own = self.types.entry(alias.ident.to_string()).or_default();
                    own.always.extend(names);
                }
                _ => {}
            }
        }
    }

    fn function(
        &mut self,
        path: &str,
        (owner, of_trait): (Option<String>, Option<String>),
        name: &syn::Ident,
        words: Vec<Word>,
    ) {
        let (path, name) = (path.to_owned(), name.to_string());
        self.functions.push(Function { path, owner, of_trait, name, words });
    }

    fn define(&mut self, text: &str, name: &str, fields: &[&Fields]) {
        let own = self.types.entry(name.to_owned()).or_default();
        for field in fields.iter().flat_map(|fields| fields.iter()) {
            let names = names_of(text, &field.ty);
            match &field.ident {
                Some(field) => own.fields.push((field.to_string(), names)),
                None => own.always.extend(names),
            }
        }
    }

    /// All that `roots`, each a type and its method, may come to call, themselves included; what is
    /// `never` called, whatever names say, is left out.
    ///
    /// # Panics
    /// If there is no such root, or no such function that is never called.
    pub fn reached(&self, roots: &[(&str, &str)], never: &[&str]) -> Vec<&Function> {
        for name in never {
            let there = self.functions.iter().any(|function| function.called() == *name);
            assert!(there, "no {name} to leave out");
        }
        let mut reached = BTreeSet::new();
        for (owner, name) in roots {
            let root = self.functions.iter().position(|f| {
                f.owner.as_deref() == Some(owner) && f.name == *name && f.of_trait.is_none()
            });
            reached.insert(root.unwrap_or_else(|| panic!("no {owner}::{name}: look elsewhere")));
        }
        loop {
            let mut more = self.step(&reached);
            more.retain(|at| !never.contains(&&*self.functions[*at].called()));
            if more.is_subset(&reached) {
                return reached.into_iter().map(|at| &self.functions[at]).collect();
            }
            reached.extend(more);
        }
    }

    /// What the functions in `reached` call themselves.
    fn step(&self, reached: &BTreeSet<usize>) -> BTreeSet<usize> {
        let functions = || reached.iter().map(|at| &self.functions[*at]);
        let said: HashSet<&str> =
            functions().flat_map(|f| f.words.iter().map(|word| word.text.as_str())).collect();
        let seen = self.types_in_sight(functions(), &said);
        let mut calls = HashSet::new();
        functions().for_each(|function| calls.extend(self.calls(function)));
        let called = |f: &Function| {
            let owner = f.owner.as_deref();
            let in_sight = owner.is_none_or(|owner| seen.contains(owner));
            in_sight
                && (f.of_trait.as_deref().is_some_and(|name| UNSAID.contains(&name))
                    || calls.iter().any(|call| call.may_be(f)))
        };
        let all = self.functions.iter().enumerate();
        all.filter(|(_, function)| called(function)).map(|(at, _)| at).collect()
    }

    fn types_in_sight<'a>(
        &'a self,
        functions: impl Iterator<Item = &'a Function>,
        said: &HashSet<&'a str>,
    ) -> HashSet<&'a str> {
        let mut next: Vec<&str> = said.iter().copied().collect();
        next.extend(functions.filter_map(|function| function.owner.as_deref()));
        let mut seen = HashSet::new();
        while let Some(name) = next.pop() {
            let Some((name, definition)) = self.types.get_key_value(name) else { continue };
            if seen.insert(name.as_str()) {
                next.extend(definition.always.iter().map(String::as_str));
                let used = definition.fields.iter().filter(|(field, _)| said.contains(&**field));
                next.extend(used.flat_map(|(_, names)| names).map(String::as_str));
            }
        }
        seen
    }

    /// Everything in a function that may be a call, or a function handed on.
    fn calls(&self, function: &Function) -> HashSet<Call> {
        let text = |at: usize| function.words.get(at).map_or("", |word| word.text.as_str());
        let none = HashSet::new();
        let imports = self.imports.get(&function.path).unwrap_or(&none);
        let mut calls = HashSet::new();
        for (at, word) in function.words.iter().enumerate() {
            let name = word.text.clone();
            if !name.starts_with(|c: char| c.is_lowercase() || c == '_') {
                continue;
            }
            let before = |back: usize| at.checked_sub(back).map_or("", text);
            let through = (before(1), before(2)) == (":", ":");
            let kind = match before(3) {
                _ if (before(1), before(2)) == (".", "self") && before(3) != "." => {
                    Kind::Of(function.owner.clone().unwrap_or_default())
                }
                _ if before(1) == "." => Kind::Method,
                "Self" if through => Kind::Of(function.owner.clone().unwrap_or_default()),
                of if through && self.types.contains_key(of) => Kind::Of(of.to_owned()),
                // A type parameter's may be anyone's; of a type that is not ours we have none.
                of if through && of.starts_with(char::is_uppercase) => match of.len() {
                    1 => Kind::Method,
                    _ => continue,
                },
                module if through => Kind::In(module.to_owned()),
                _ if imports.contains(&name) => Kind::Free,
                _ => Kind::Beside(function.path.clone()),
            };
            calls.insert(Call { name, kind, layer: layer_of(&function.path) });
        }
        calls
    }
}

#[derive(PartialEq, Eq, Hash)]
struct Call {
    name: String,
    kind: Kind,
    /// Of who calls: nothing above it is called.
    layer: Option<usize>,
}

#[derive(PartialEq, Eq, Hash)]
enum Kind {
    /// Of whatever type.
    Method,
    /// Of a type or trait.
    Of(String),
    /// Of none, in a module of this name.
    In(String),
    /// Of none, in this file.
    Beside(String),
    /// Of none, wherever.
    Free,
}

impl Call {
    fn may_be(&self, function: &Function) -> bool {
        let free = function.owner.is_none();
        let fits = || match &self.kind {
            Kind::Method => !free,
            Kind::Of(of) => function.owner.as_ref() == Some(of),
            Kind::In(module) if ["super", "self", "crate"].contains(&&**module) => free,
            Kind::In(module) => free && function.modules().any(|own| own == module),
            Kind::Beside(path) => free && function.path == *path,
            Kind::Free => free,
        };
        self.name == function.name && layer_of(&function.path) <= self.layer && fits()
    }
}

/// Whether it is compiled for tests or with stand-ins only.
fn is_left_out(attributes: &[Attribute]) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).any(|attribute| {
        let condition = attribute.meta.require_list().map(|list| list.tokens.to_string());
        condition.is_ok_and(|c| c == "test" || c.contains("loom") && !c.starts_with("not"))
    })
}

fn last_name(of: &Type) -> Option<String> {
    match of {
        Type::Path(named) => named.path.segments.last().map(|segment| segment.ident.to_string()),
        Type::Reference(to) => last_name(&to.elem),
        _ => None,
    }
}

fn names_of(text: &str, of: &Type) -> HashSet<String> {
    words(text, of.span(), of.span()).into_iter().map(|word| word.text).collect()
}

/// The words from one span to the end of another.
fn words(text: &str, from: Span, to: Span) -> Vec<Word> {
    let (from, to) = (from.start(), to.end());
    let lines = text.lines().enumerate().skip(from.line - 1).take(to.line + 1 - from.line);
    let cut = lines.map(|(at, line)| {
        let chars = line.chars().take(if at + 1 == to.line { to.column } else { usize::MAX });
        chars.skip(if at + 1 == from.line { from.column } else { 0 }).collect::<String>()
    });
    let cut: Vec<String> = cut.collect();
    let tokens: TokenStream = cut.join("\n").parse().expect("it was parsed before");
    let mut words = Vec::new();
    flatten(tokens, from.line - 1, &mut words);
    words
}

fn flatten(tokens: TokenStream, before: usize, words: &mut Vec<Word>) {
    for token in tokens {
        let line = before + token.span().start().line;
        let mut push = |text: String| words.push(Word { text, line });
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    proc_macro2::Delimiter::Parenthesis => ("(", ")"),
                    proc_macro2::Delimiter::Brace => ("{", "}"),
                    proc_macro2::Delimiter::Bracket => ("[", "]"),
                    proc_macro2::Delimiter::None => ("", ""),
                };
                push(open.to_owned());
                flatten(group.stream(), before, words);
                words.push(Word { text: close.to_owned(), line });
            }
            TokenTree::Ident(name) => push(name.to_string()),
            TokenTree::Punct(mark) => push(mark.to_string()),
            TokenTree::Literal(_) => {}
        }
    }
}
