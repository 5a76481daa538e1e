//! What is generated from `wit/`. All worlds share one set of types and one implementation of the imports.

pub(crate) mod shared {
    wasmtime::component::bindgen!({ path: "../../wit", world: "shared" });
}

pub(crate) mod generator {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "generator-plugin",
        exports: { default: async },
        with: {
            "hsm:plugin/types": super::shared::hsm::plugin::types,
            "hsm:plugin/log": super::shared::hsm::plugin::log,
        },
    });
}

pub(crate) mod aggregator {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "aggregator-plugin",
        exports: { default: async },
        with: {
            "hsm:plugin/types": super::shared::hsm::plugin::types,
            "hsm:plugin/log": super::shared::hsm::plugin::log,
        },
    });
}

pub(crate) mod scheduler {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "scheduler-plugin",
        exports: { default: async },
        with: {
            "hsm:plugin/types": super::shared::hsm::plugin::types,
            "hsm:plugin/log": super::shared::hsm::plugin::log,
        },
    });
}

pub(crate) use shared::hsm::plugin::{log, types};
