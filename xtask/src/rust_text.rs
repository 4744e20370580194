//! Rust source as far as counting needs it: where code is, where functions begin and end, which of
//! them are tests. No parser: text whose braces match, as everything that compiles has.

/// A function with a body.
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// The line of `fn`, from 1.
    pub(crate) first_line: usize,
    /// The line of the brace that ends it.
    pub(crate) last_line: usize,
    /// Whether an attribute makes it a test.
    pub(crate) is_test: bool,
}

/// A source file, with what is not code blanked.
pub(crate) struct RustText {
    code: String,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl RustText {
    /// Reads a source file.
    pub(crate) fn of(text: &str) -> Self {
        let code = blank(text);
        let after = |(at, _): (usize, &str)| at + 1;
        let lines = std::iter::once(0)
            .chain(code.match_indices('\n').map(after))
            .collect();
        Self { code, lines }
    }

    /// The code, line by line: comments, strings and character literals are spaces.
    pub(crate) fn code_lines(&self) -> impl Iterator<Item = &str> {
        self.code.lines()
    }

    /// The line, from 1, at which the file's own module of tests begins; by custom the rest of the
    /// file is tests then.
    pub(crate) fn tests_begin(&self) -> Option<usize> {
        let lines: Vec<&str> = self.code.lines().map(str::trim).collect();
        let is_module = |line: &&str| line.contains("mod ") && line.ends_with('{');
        let at = (0..lines.len()).find(|at| {
            let mut next = lines
                .iter()
                .skip(at + 1)
                .filter(|l| !l.is_empty() && !l.starts_with("#["));
            lines[*at] == "#[cfg(test)]" && next.next().is_some_and(is_module)
        });
        at.map(|at| at + 1)
    }

    /// Every function that has a body, in the order of the file.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let starts = self.code.match_indices("fn ").map(|(at, _)| at);
        starts.filter_map(|at| self.function(at)).collect()
    }

    /// The first and last line of every `impl` block, in the order of the file.
    pub(crate) fn impls(&self) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        let mut at = 0;
        for line in self.code.split_inclusive('\n') {
            let begin = at + line.len() - line.trim_start().len();
            let is_impl = line.trim_start().strip_prefix("impl");
            if is_impl.is_some_and(|after| after.starts_with([' ', '<']))
                && let Some(end) = self.body_end(begin)
            {
                found.push((self.line(begin), self.line(end)));
            }
            at += line.len();
        }
        found
    }

    fn function(&self, at: usize) -> Option<Function> {
        if self.code[..at].ends_with(is_word) {
            return None;
        }
        let after = self.code[at + 2..].trim_start();
        let name: String = after.chars().take_while(|c| is_word(*c)).collect();
        if name.is_empty() {
            return None;
        }
        let end = self.body_end(at)?;
        let first_line = self.line(at);
        Some(Function {
            name,
            first_line,
            last_line: self.line(end),
            is_test: self.is_test(first_line),
        })
    }

    /// Where the body of the function at `at` ends; nothing when it has none.
    fn body_end(&self, at: usize) -> Option<usize> {
        let (mut round, mut curly) = (0_usize, 0_usize);
        for (offset, byte) in self.code.bytes().enumerate().skip(at) {
            match byte {
                b'(' | b'[' => round += 1,
                b')' | b']' => round = round.saturating_sub(1),
                b';' if round == 0 && curly == 0 => return None,
                b'{' => curly += 1,
                b'}' => {
                    curly = curly.checked_sub(1)?;
                    if curly == 0 {
                        return Some(offset);
                    }
                }
                _ => {}
            }
        }
        None
    }

    fn is_test(&self, first_line: usize) -> bool {
        let before = (1..first_line)
            .rev()
            .map(|line| self.line_text(line).trim());
        before
            .take_while(|line| line.is_empty() || line.starts_with("#["))
            .any(|line| line.contains("test]") || line.contains("test("))
    }

    fn line_text(&self, line: usize) -> &str {
        let from = self.lines.get(line - 1).copied().unwrap_or(self.code.len());
        let until = self.lines.get(line).copied().unwrap_or(self.code.len());
        &self.code[from..until]
    }

    /// The line of an offset, from 1.
    fn line(&self, at: usize) -> usize {
        self.lines.partition_point(|begin| *begin <= at)
    }
}

/// Whether a character can be part of a name.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The text with comments, strings and character literals replaced by spaces, byte by byte.
fn blank(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after_word = code.ends_with(is_word);
        let hidden = match first {
            '/' => comment(rest),
            '"' => Some(string(rest)),
            '\'' => character(rest),
            'r' | 'b' | 'c' if !after_word => prefixed(rest),
            _ => None,
        };
        let length = hidden.unwrap_or(first.len_utf8());
        let (piece, next) = rest.split_at(length);
        match hidden {
            None => code.push_str(piece),
            Some(_) => code.extend(piece.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' })),
        }
        rest = next;
    }
    code
}

/// The length of the comment that begins here.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if !text.starts_with("/*") {
        return None;
    }
    let (mut depth, mut at) = (0_usize, 0_usize);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        at += if rest.starts_with(b"/*") {
            depth += 1;
            2
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            2
        } else {
            1
        };
        if depth == 0 {
            return Some(at);
        }
    }
    Some(text.len())
}

/// The length of the string that begins here with its quote.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of the character literal that begins here; nothing for a lifetime.
fn character(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().skip(1);
    let (_, first) = chars.next()?;
    let (at, second) = chars.next()?;
    if first == '\\' {
        // What is escaped may itself be a quote.
        let end = text[at + second.len_utf8()..].find('\'')?;
        return Some(at + second.len_utf8() + end + 1);
    }
    (second == '\'').then_some(at + 1)
}

/// The length of a string or byte with a prefix: `r#"…"#`, `b"…"`, `br"…"`, `b'…'`.
fn prefixed(text: &str) -> Option<usize> {
    let letters = text
        .bytes()
        .take_while(|b| matches!(b, b'r' | b'b' | b'c'))
        .count();
    let rest = &text[letters..];
    let is_raw = text[..letters].contains('r');
    let hashes = rest.bytes().take_while(|b| *b == b'#').count();
    if letters > 2 || (hashes > 0 && !is_raw) {
        return None;
    }
    let quoted = &rest[hashes..];
    let length = match quoted.chars().next()? {
        '"' if is_raw => {
            let end = format!("\"{}", "#".repeat(hashes));
            quoted[1..]
                .find(&end)
                .map_or(quoted.len(), |at| at + 1 + end.len())
        }
        '"' => string(quoted),
        '\'' if text.starts_with('b') && letters == 1 => character(quoted)?,
        _ => return None,
    };
    Some(letters + hashes + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_code_is_blank() {
        for (text, code) in [
            ("a // fn b\nc", "a        \nc"),
            ("a /* { /* } */ */ b", "a                 b"),
            ("a(\"}\\\"{\")", "a(      )"),
            ("r#\"{\"}\"# x", "         x"),
            ("br\"{\\\" x", "       x"),
            ("f('{', '\\'', b'}')", "f(   ,     ,     )"),
            ("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)"),
            ("for r in b {}", "for r in b {}"),
        ] {
            assert_eq!(blank(text), code, "{text}");
        }
        assert_eq!(blank("\"ë\"").len(), "\"ë\"".len());
    }

    #[test]
    fn functions_have_lines_and_tests_are_told_apart() {
        let text = RustText::of(
            "trait T {\n    fn none(&self) -> [u8; 3];\n}\nconst fn one(f: fn(u8) -> u8) -> u8 {\n    \
             \"}\";\n    f(1)\n}\n/// Says.\n#[tokio::test(flavor = \"x\")]\n\nasync fn two() { x() }\n",
        );
        let found: Vec<_> = text.functions();
        let found: Vec<_> = found
            .iter()
            .map(|f| (f.name.as_str(), f.first_line, f.last_line, f.is_test))
            .collect();
        assert_eq!(found, [("one", 4, 7, false), ("two", 11, 11, true)]);
    }

    #[test]
    fn impl_blocks_have_lines() {
        let text = "impl A {\n    fn f(&self) -> impl Fn() {}\n}\n// impl B {}\nimplied! {}\nimpl<T> C\nfor T {\n}\n";
        assert_eq!(RustText::of(text).impls(), [(1, 3), (6, 8)]);
    }

    #[test]
    fn the_module_of_tests_begins_at_its_attribute() {
        let begin = |text| RustText::of(text).tests_begin();
        assert_eq!(begin("a\n#[cfg(test)]\nmod tests {\n}"), Some(2));
        assert_eq!(begin("#[cfg(test)]\nmod tests;\nfn a() {\n}"), None);
        assert_eq!(begin("// #[cfg(test)]\nmod tests {\n}"), None);
    }
}
