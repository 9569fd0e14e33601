package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is stamped by the linker for releases.
var version = ""

type versionCommand struct{}

// Run prints the version, the commit that it was built from where the build knows it, and the Go release.
func (versionCommand) Run(o output) error {
	_, err := fmt.Fprintf(o.out, "fairlead %s (%s)\n", versionText(), runtime.Version())
	return err
}

func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" && len(setting.Value) >= 12 {
				return "development " + setting.Value[:12]
			}
		}
	}
	return "development"
}
