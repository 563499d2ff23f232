extension CompilerCommand {
    /// `ncsc -f tree`: the trees of the modules, to look at and to compare.
    func drawTree(_ files: [String]) throws -> Bool {
        let sources = try files.map(source)
        let names = sources.map(Self.moduleName)
        let options = try options(for: files, module: names.first ?? "")
        var text = ""
        let outcome = SchemaCompiler(options: options).compile(
            sources + (try arguments.deviations.map(source))
        ) { draft in
            let modules = names.compactMap { name in draft.modules.first { $0.name == name && $0.isImplemented } }
            var diagram = TreeDiagram(draft, modules: modules)
            diagram.depth = arguments.treeDepth
            diagram.path = arguments.treePath
            diagram.lineLength = arguments.treeLineLength
            diagram.showsGroupings = arguments.treeParts.contains("--tree-print-groupings")
            diagram.showsStructures = arguments.treeParts.contains("--tree-print-structures")
            diagram.showsYANGData = arguments.treeParts.contains("--tree-print-yang-data")
            text = diagram.text()
        }
        let isGood = report(outcome)
        if text.hasSuffix("\n") { text.removeLast() }
        if !text.isEmpty { output(text) }
        return isGood
    }

    /// What the command line asks of a compilation of these files.
    func options(for files: [String], module: String) throws -> SchemaCompiler.Options {
        var options = SchemaCompiler.Options()
        options.policy = arguments.policy
        options.features = arguments.features(for: module)
        var seen: Set<String> = []
        let beside = files.map(Self.directory).filter { seen.insert($0).inserted }
        options.searchPath = arguments.searchPath + beside + searchPath
        options.annotations = try arguments.annotations.map(source)
        options.library = try dependencies()
        options.recipes = try recipes()
        options.severities = arguments.severities
        options.implementsImports = true
        return options
    }
}
