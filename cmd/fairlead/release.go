//go:build release

package main

type developerCommands struct{}
