// Load asks one URL with many clients at once and prints what came of it as one line of JSON.
//
// Each client keeps one connection and sends its next request when the last is answered. Latencies are in milliseconds.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

type options struct {
	url, bodies, probe, contentType string
	clients, requests               int
	seconds                         float64
}

// answers are the outcomes of one client's requests.
type answers struct {
	latencies []float64
	statuses  map[string]int
	bodies    map[int]string // fingerprint of the answer to each body, "differs" where two were not equal
}

type report struct {
	Seconds  float64        `json:"seconds"`
	Answered int            `json:"answered"`
	Statuses map[string]int `json:"statuses"`
	P50      float64        `json:"p50"`
	P99      float64        `json:"p99"`
	Longest  float64        `json:"longest"`
	Probed   int            `json:"probed"`
	ProbeP99 float64        `json:"probeP99"`
	Answers  map[int]string `json:"answers"`
}

func main() {
	var o options
	flag.StringVar(&o.url, "url", "", "where to send the requests")
	flag.StringVar(&o.bodies, "bodies", "", "file with one request body per line; they are sent in turn")
	flag.StringVar(&o.contentType, "content-type", "application/json", "content type of the bodies")
	flag.StringVar(&o.probe, "probe", "", "URL that is asked every 10 ms besides, such as a health URL")
	flag.IntVar(&o.clients, "clients", 1, "number of clients")
	flag.IntVar(&o.requests, "requests", 0, "number of requests; 0 for as many as fit into the time")
	flag.Float64Var(&o.seconds, "seconds", 10, "how long to go on")
	flag.Parse()
	if err := run(o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(o options, out io.Writer) error {
	bodies, err := readLines(o.bodies)
	if err != nil {
		return err
	}
	client := &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: o.clients + 1, DisableCompression: true},
		Timeout:   2 * time.Minute,
	}
	limit, stop := context.WithTimeout(context.Background(), time.Duration(o.seconds*float64(time.Second)))
	defer stop()

	var probes []float64
	var probing sync.WaitGroup
	probed, endProbing := context.WithCancel(context.Background())
	if o.probe != "" {
		probing.Add(1)
		go func() { defer probing.Done(); probes = probe(probed, client, o.probe) }()
	}

	var next atomic.Int64
	results := make([]answers, o.clients)
	var working sync.WaitGroup
	started := time.Now()
	for index := range results {
		working.Add(1)
		go func() {
			defer working.Done()
			results[index] = ask(limit, client, o, bodies, &next)
		}()
	}
	working.Wait()
	elapsed := time.Since(started).Seconds()
	endProbing()
	probing.Wait()
	return json.NewEncoder(out).Encode(summary(results, elapsed, probes))
}

// ask sends one request after the other until the time is over or the wanted number is sent.
func ask(limit context.Context, client *http.Client, o options, bodies [][]byte, next *atomic.Int64) answers {
	mine := answers{statuses: map[string]int{}, bodies: map[int]string{}}
	for limit.Err() == nil {
		turn := int(next.Add(1)) - 1
		if o.requests > 0 && turn >= o.requests {
			break
		}
		which := turn % len(bodies)
		started := time.Now()
		status, answer := send(client, o, bodies[which])
		mine.statuses[status]++
		if status != "200" {
			continue
		}
		mine.latencies = append(mine.latencies, milliseconds(started))
		note(mine.bodies, which, fingerprint(answer))
	}
	return mine
}

func send(client *http.Client, o options, body []byte) (string, []byte) {
	response, err := client.Post(o.url, o.contentType, bytes.NewReader(body))
	if err != nil {
		return "failed", nil
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return "failed", nil
	}
	return fmt.Sprint(response.StatusCode), answer
}

func probe(limit context.Context, client *http.Client, url string) []float64 {
	var latencies []float64
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-limit.Done():
			return latencies
		case <-ticker.C:
			started := time.Now()
			response, err := client.Get(url)
			if err != nil {
				latencies = append(latencies, 1e6)
				continue
			}
			_, _ = io.Copy(io.Discard, response.Body)
			response.Body.Close()
			latencies = append(latencies, milliseconds(started))
		}
	}
}

func summary(results []answers, elapsed float64, probes []float64) report {
	all := report{Seconds: elapsed, Statuses: map[string]int{}, Answers: map[int]string{}}
	var latencies []float64
	for _, result := range results {
		latencies = append(latencies, result.latencies...)
		for status, count := range result.statuses {
			all.Statuses[status] += count
		}
		for which, answer := range result.bodies {
			note(all.Answers, which, answer)
		}
	}
	sort.Float64s(latencies)
	sort.Float64s(probes)
	all.Answered = len(latencies)
	all.P50, all.P99, all.Longest = quantile(latencies, 0.5), quantile(latencies, 0.99), quantile(latencies, 1)
	all.Probed, all.ProbeP99 = len(probes), quantile(probes, 0.99)
	return all
}

// note keeps the answer to a body, or that there were different ones.
func note(seen map[int]string, which int, answer string) {
	if before, found := seen[which]; found && before != answer {
		answer = "differs"
	}
	seen[which] = answer
}

// fingerprint identifies the texts in a V2 answer, or else the whole answer. Numbers are left out: their last digits
// depend on what else was computed in the same step.
func fingerprint(answer []byte) string {
	var document struct {
		Outputs []struct {
			Datatype string          `json:"datatype"`
			Data     json.RawMessage `json:"data"`
		} `json:"outputs"`
	}
	if json.Unmarshal(answer, &document) == nil && document.Outputs != nil {
		answer = nil
		for _, output := range document.Outputs {
			if output.Datatype == "BYTES" {
				answer = append(answer, output.Data...)
			}
		}
	}
	sum := sha256.Sum256(answer)
	return hex.EncodeToString(sum[:8])
}

func quantile(sorted []float64, share float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(share*float64(len(sorted)-1))]
}

func milliseconds(since time.Time) float64 { return float64(time.Since(since).Microseconds()) / 1000 }

func readLines(path string) ([][]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var lines [][]byte
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<24)
	for scanner.Scan() {
		lines = append(lines, bytes.Clone(scanner.Bytes()))
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("%s has no request", path)
	}
	return lines, scanner.Err()
}
