"""Everything `loket tools check` looks at that needs no gate: names, words, arguments, hosts, secrets, examples."""
