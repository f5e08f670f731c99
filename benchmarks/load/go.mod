module transformermodel.dev/benchmarks/load

go 1.24
