import Foundation
import YANG

// The program that `SchemaCacheTests` start to compile: nothing but the worker.

exit(CompileWorker.run(Array(CommandLine.arguments.dropFirst())) ?? 2)
