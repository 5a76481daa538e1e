//! Files that no compiler would write: code that is short to say and dear to compile, components with names and nothing behind them, and
//! files that are something else. Most are a plugin that keeps every rule with one more module in it.

use hsm_tests::World;

/// The interface that makes a component an aggregator.
const AGGREGATOR: &str = "hsm:plugin/aggregator@0.1.0";

/// A plugin that keeps every rule.
pub fn good() -> Vec<u8> {
    std::fs::read(World::plugin("leaderboard")).expect("the plugin `leaderboard`")
}

fn binary(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

/// The good plugin with one more module, which is compiled with the others and never used.
fn carrying(module: &str) -> Vec<u8> {
    with_sections(good(), &[(1, &binary(module))])
}

/// The good plugin with one more module, which is `times` instantiated with the others.
fn instantiating(module: &str, times: usize) -> Vec<u8> {
    let good = good();
    let index = core_modules(&good);
    let mut instances = leb(times);
    for _ in 0..times {
        instances.push(0);
        instances.extend(leb(index));
        instances.push(0);
    }
    with_sections(good, &[(1, &binary(module)), (2, &instances)])
}

fn with_sections(mut component: Vec<u8>, sections: &[(u8, &[u8])]) -> Vec<u8> {
    for (id, body) in sections {
        component.push(*id);
        component.extend(leb(body.len()));
        component.extend(*body);
    }
    component
}

/// How many modules a component has in its outermost level.
fn core_modules(component: &[u8]) -> usize {
    let (mut at, mut modules) = (8, 0);
    while at < component.len() {
        modules += usize::from(component[at] == 1);
        let (length, bytes) = unleb(&component[at + 1..]);
        at += 1 + bytes + length;
    }
    assert_eq!(at, component.len(), "sections fill a component");
    modules
}

/// A number as WebAssembly writes it.
fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or_default();
        number >>= 7;
        bytes.push(if number == 0 { low } else { low | 0x80 });
        if number == 0 {
            return bytes;
        }
    }
}

fn unleb(bytes: &[u8]) -> (usize, usize) {
    let mut number = 0;
    for (index, byte) in bytes.iter().enumerate() {
        number |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return (number, index + 1);
        }
    }
    panic!("a number without an end");
}

/// Loops inside loops: each level doubles what the register allocator has to think about.
pub fn nested_loops() -> Vec<u8> {
    const DEPTH: usize = 2_000;
    // A quick machine needs a second for one of them.
    const FUNCTIONS: usize = 40;
    let open = "loop local.get 0 local.get 1 i32.add local.set 0 local.get 0 br_if 0 ".repeat(DEPTH);
    let function = format!("(func (param i32 i32) (result i32) {open} {} local.get 0)", "end ".repeat(DEPTH));
    carrying(&format!("(module {})", function.repeat(FUNCTIONS)))
}

/// Thousands of variables that are alive across thousands of branches: memory that grows with their product.
pub fn many_variables() -> Vec<u8> {
    const VARIABLES: usize = 2_000;
    let declared = format!("(local {})", "i32 ".repeat(VARIABLES));
    let branch = |index: usize| {
        let (asked, set) = (index % VARIABLES + 1, index * 7 % VARIABLES + 1);
        format!("local.get {asked} if local.get 0 local.set {set} end ")
    };
    let branches: String = (0..8_000).map(branch).collect();
    let uses: String = (1..=VARIABLES).map(|variable| format!("local.get {variable} i32.add ")).collect();
    carrying(&format!("(module (func (param i32) (result i32) {declared} {branches} local.get 0 {uses}))"))
}

/// One jump with more than a million targets.
pub fn huge_jump() -> Vec<u8> {
    let targets = "0 1 ".repeat(700_000);
    carrying(&format!("(module (func (param i32) block block local.get 0 br_table {targets} 0 end end))"))
}

/// Never gets as far as being there: it computes for ever while it starts.
pub fn endless_start() -> Vec<u8> {
    instantiating("(module (func $f (loop (br 0))) (start $f))", 1)
}

/// Gives up while it starts.
pub fn trapping_start() -> Vec<u8> {
    instantiating("(module (func $f unreachable) (start $f))", 1)
}

/// Calls itself, on the stack that only the engine sees.
pub fn native_recursion() -> Vec<u8> {
    instantiating(
        "(module (func $f (param i64) (result i64) (i64.add (i64.const 1) (call $f (local.get 0)))) (func $s (drop (call $f (i64.const 0)))) (start $s))",
        1,
    )
}

/// Begins with four gibibytes of memory.
pub fn huge_memory() -> Vec<u8> {
    instantiating("(module (memory 65536))", 1)
}

/// Grows its memory page by page.
pub fn growing_memory() -> Vec<u8> {
    instantiating(
        "(module (memory 1) (func $f (loop (drop (memory.grow (i32.const 1))) (br 0))) (start $f))",
        1,
    )
}

/// Begins with a table of a hundred million functions.
pub fn huge_table() -> Vec<u8> {
    instantiating("(module (table 100000000 funcref))", 1)
}

/// Grows a table for as long as it may.
pub fn growing_table() -> Vec<u8> {
    let grow = "(drop (table.grow (ref.null func) (i32.const 1000)))";
    instantiating(&format!("(module (table 1 funcref) (func $f (loop {grow} (br 0))) (start $f))"), 1)
}

/// Two thousand instances of a module.
pub fn many_instances() -> Vec<u8> {
    instantiating("(module)", 2_000)
}

/// Two thousand instances with a memory each.
pub fn many_memories() -> Vec<u8> {
    instantiating("(module (memory 1))", 900)
}

/// A component that has the name of the interface, with these things before it.
fn named(before: &str) -> Vec<u8> {
    binary(&format!("(component {before} (instance $empty) (export \"{AGGREGATOR}\" (instance $empty)))"))
}

/// Has the name of the interface, and none of its functions.
pub fn nothing_behind_the_name() -> Vec<u8> {
    named("")
}

/// Wants to speak to the web.
pub fn imports_http() -> Vec<u8> {
    named("(import \"wasi:http/outgoing-handler@0.2.0\" (instance))")
}

/// Wants threads, which are nobody's to give.
pub fn imports_threads() -> Vec<u8> {
    named("(import \"wasi:thread/spawn@0.2.0\" (instance))")
}

/// Wants WASI of a version that grants other things.
pub fn imports_newer_wasi() -> Vec<u8> {
    named("(import \"wasi:filesystem/types@0.3.0\" (instance))")
}

/// Wants another plugin's functions.
pub fn imports_another_role() -> Vec<u8> {
    named("(import \"hsm:plugin/generator@0.1.0\" (instance))")
}

/// Wants a function that its interface does not have.
pub fn imports_an_unknown_function() -> Vec<u8> {
    named("(import \"wasi:filesystem/preopens@0.2.0\" (instance (export \"become-root\" (func))))")
}

/// Wants ten thousand things.
pub fn imports_ten_thousand() -> Vec<u8> {
    let import =
        |number: usize| format!("(import \"wasi:io/part{number}@0.2.0\" (instance (export \"f\" (func))))");
    named(&(0..10_000).map(import).collect::<String>())
}

/// Types inside types: each level has twice as many fields, and there are sixty.
pub fn doubling_types() -> Vec<u8> {
    let level = |level: usize| format!("(type $t{level} (tuple $t{0} $t{0}))", level - 1);
    let levels: String = (1..=60).map(level).collect();
    named(&format!("(type $t0 (tuple u64 u64)) {levels}"))
}

/// Components inside components.
pub fn nested_components() -> Vec<u8> {
    let mut inner = b"\0asm\x0d\0\x01\0".to_vec();
    for _ in 0..2_000 {
        inner = with_sections(b"\0asm\x0d\0\x01\0".to_vec(), &[(4, &inner)]);
    }
    with_sections(good(), &[(4, &inner)])
}

/// A section of nothing, larger than any component may be.
pub fn padded() -> Vec<u8> {
    let name = b"\x07padding";
    let mut body = name.to_vec();
    body.resize(3 << 20, 0);
    with_sections(good(), &[(0, &body)])
}

/// Damaged where only the compiler looks.
pub fn damaged_inside() -> Vec<u8> {
    let mut bytes = good();
    let middle = bytes.len() / 3;
    bytes[middle..middle + 2_000].fill(0xff);
    bytes
}

/// The good plugin without its second half.
pub fn truncated() -> Vec<u8> {
    let mut bytes = good();
    bytes.truncate(bytes.len() / 2);
    bytes
}

/// The good plugin, said to be for another version of the interface.
pub fn of_another_version(version: &str) -> Vec<u8> {
    let (from, to) = (AGGREGATOR.as_bytes(), format!("hsm:plugin/aggregator@{version}"));
    assert_eq!(from.len(), to.len());
    let mut bytes = good();
    let places: Vec<usize> =
        (0..bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    assert!(!places.is_empty(), "the plugin names its interface");
    for at in places {
        bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}
