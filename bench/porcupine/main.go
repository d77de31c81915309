// Judges a history of registers (JSON lines, as `faultlab export` writes them) with Porcupine, and
// prints the verdict, the seconds of the check alone and the peak of resident memory.
//
//	porcupine HISTORY.jsonl SECONDS
//
// An indeterminate operation may take effect at any time after its invocation, or never: it returns
// after everything else, and its step is allowed to leave the state as it was.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/anishathalye/porcupine"
)

// One line of the file.
type event struct {
	Process int             `json:"process"`
	Type    string          `json:"type"`
	F       string          `json:"f"`
	Key     json.RawMessage `json:"key"`
	Value   json.RawMessage `json:"value"`
	Ret     *bool           `json:"ret"`
}

type input struct {
	f        string
	key      string
	from, to string // of a write only `to`
}

type output struct {
	known bool   // whether the operation's outcome is
	value string // of a read
	equal bool   // of a cas
}

const absent = "null"

func model() porcupine.Model {
	return porcupine.Model{
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			byKey := map[string][]porcupine.Operation{}
			for _, operation := range history {
				key := operation.Input.(input).key
				byKey[key] = append(byKey[key], operation)
			}
			parts := [][]porcupine.Operation{}
			for _, part := range byKey {
				parts = append(parts, part)
			}
			return parts
		},
		Init: func() interface{} { return absent },
		Step: func(state, in, out interface{}) (bool, interface{}) {
			request, answer := in.(input), out.(output)
			switch request.f {
			case "read":
				return answer.value == state.(string), state
			case "write":
				return true, request.to
			default: // cas
				equal := state.(string) == request.from
				if answer.known && equal != answer.equal {
					return false, state
				}
				if equal {
					return true, request.to
				}
				return true, state
			}
		},
	}
}

func parse(line []byte) (event, input) {
	var read event
	if err := json.Unmarshal(line, &read); err != nil {
		fail(err)
	}
	request := input{f: read.F, key: string(read.Key)}
	if read.F == "cas" {
		var pair [2]json.RawMessage
		if err := json.Unmarshal(read.Value, &pair); err != nil {
			fail(err)
		}
		request.from, request.to = string(pair[0]), string(pair[1])
	} else {
		request.to = string(read.Value)
	}
	return read, request
}

func operations(name string) []porcupine.Operation {
	file, err := os.Open(name)
	if err != nil {
		fail(err)
	}
	defer file.Close()
	type begun struct {
		at      int64
		request input
	}
	open := map[int]begun{}
	history := []porcupine.Operation{}
	indeterminate := []begun{}
	scanner := bufio.NewScanner(file)
	scanner.Buffer(make([]byte, 1<<20), 1<<20)
	var line int64
	for ; scanner.Scan(); line++ {
		read, request := parse(scanner.Bytes())
		if read.Type == "invoke" {
			open[read.Process] = begun{line, request}
			continue
		}
		call := open[read.Process]
		delete(open, read.Process)
		switch read.Type {
		case "ok":
			history = append(history, porcupine.Operation{
				ClientId: read.Process, Input: call.request, Call: call.at, Return: line,
				Output: output{true, string(read.Value), read.Ret == nil || *read.Ret}})
		case "info":
			indeterminate = append(indeterminate, call)
		}
	}
	for _, call := range open {
		indeterminate = append(indeterminate, call)
	}
	for _, call := range indeterminate {
		if call.request.f != "read" {
			line++
			history = append(history, porcupine.Operation{
				Input: call.request, Call: call.at, Return: line, Output: output{}})
		}
	}
	return history
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "porcupine:", err)
	os.Exit(70)
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: porcupine HISTORY.jsonl SECONDS")
		os.Exit(64)
	}
	seconds, err := strconv.Atoi(os.Args[2])
	if err != nil {
		fail(err)
	}
	history := operations(os.Args[1])
	start := time.Now()
	result := porcupine.CheckOperationsTimeout(
		model(), history, time.Duration(seconds)*time.Second)
	took := time.Since(start)
	verdict := map[porcupine.CheckResult]string{
		porcupine.Ok: "valid", porcupine.Illegal: "invalid", porcupine.Unknown: "unknown"}[result]
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fail(err)
	}
	fmt.Printf("%s %.6f %d\n", verdict, took.Seconds(), usage.Maxrss/1024)
}
