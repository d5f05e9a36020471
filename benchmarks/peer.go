// The peer `go`: the update with Go's net/http, signed by hand, as a process that takes the same orders as the others.
package main

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

type group struct {
	VoiceGroupID int64 `json:"voiceGroupId"`
}

type update struct {
	KeyID     int64   `json:"keyId"`
	Name      string  `json:"sipTrunkName"`
	Groups    []group `json:"groupList"`
	State     bool    `json:"sipTrunkState"`
	GatewayIP string  `json:"sipGatewayIp"`
}

type envelope struct {
	Status string          `json:"status"`
	Reason string          `json:"reason"`
	Data   json.RawMessage `json:"data"`
}

// What the only argument has.
type setting struct {
	URL, Authority, Path, Key, Secret string
	Connections                       int
	Update                            update
}

type order struct {
	Work     string  `json:"work"`
	InFlight int     `json:"in_flight"`
	Seconds  float64 `json:"seconds"`
}

// The fields of `Measurement` in measure.py.
type measurement struct {
	Calls      int     `json:"calls"`
	Sent       int     `json:"sent"`
	Elapsed    float64 `json:"elapsed"`
	CPU        float64 `json:"cpu"`
	P50        float64 `json:"p50"`
	P99        float64 `json:"p99"`
	PeakMemory int64   `json:"peak_memory"`
}

func (s *setting) client() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.MaxConnsPerHost = s.Connections
	// The default keeps two, and opens all others again and again.
	transport.MaxIdleConnsPerHost = s.Connections
	if s.Authority != "" {
		pem, err := os.ReadFile(s.Authority)
		require(err)
		trusted := x509.NewCertPool()
		trusted.AppendCertsFromPEM(pem)
		transport.TLSClientConfig = &tls.Config{RootCAs: trusted}
		transport.ForceAttemptHTTP2 = false
	}
	return &http.Client{Transport: transport, Timeout: time.Minute}
}

func (s *setting) call(client *http.Client) error {
	body, err := json.Marshal(s.Update)
	if err != nil {
		return err
	}
	request, err := http.NewRequest("POST", s.URL+s.Path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	sign := md5.Sum([]byte(s.Key + s.Secret + timestamp))
	request.Header.Set("Content-Type", "application/json;charset=UTF-8")
	request.Header.Set("Sign", hex.EncodeToString(sign[:]))
	request.Header.Set("Timestamp", timestamp)
	request.Header.Set("Api-Key", s.Key)
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	var answer envelope
	if err := json.Unmarshal(content, &answer); err != nil {
		return err
	}
	if answer.Status != "0" {
		return fmt.Errorf("refused: %s", content)
	}
	return nil
}

// As measure.py does it: some calls ahead, then so many in flight for so long, each of them at least once.
func (s *setting) measure(client *http.Client, inFlight int, seconds float64) measurement {
	ahead := inFlight
	if ahead > 100 {
		ahead = 100
	}
	for i := 0; i < 2; i++ {
		together(ahead, func(int) { require(s.call(client)) })
	}
	latencies := make([][]float64, inFlight)
	cpu, started := cpuSeconds(), time.Now()
	end := started.Add(time.Duration(seconds * 1e9))
	together(inFlight, func(worker int) {
		for now := time.Now(); ; {
			require(s.call(client))
			before := now
			now = time.Now()
			latencies[worker] = append(latencies[worker], now.Sub(before).Seconds())
			if !now.Before(end) {
				return
			}
		}
	})
	elapsed, cpu := time.Since(started).Seconds(), cpuSeconds()-cpu
	var ordered []float64
	for _, each := range latencies {
		ordered = append(ordered, each...)
	}
	sort.Float64s(ordered)
	calls := len(ordered)
	return measurement{calls, calls + 2*ahead, elapsed, cpu, ordered[calls/2], ordered[calls*99/100], peakMemory()}
}

func together(count int, work func(int)) {
	var group sync.WaitGroup
	for worker := 0; worker < count; worker++ {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			work(worker)
		}(worker)
	}
	group.Wait()
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	require(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

// The most memory that was ever resident, in bytes; 0 where there is no /proc to tell.
func peakMemory() int64 {
	status, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(status), "\n") {
		if strings.HasPrefix(line, "VmHWM:") {
			kibibytes, err := strconv.ParseInt(strings.Fields(line)[1], 10, 64)
			require(err)
			return kibibytes * 1024
		}
	}
	return 0
}

func require(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "go:", err)
		os.Exit(1)
	}
}

func main() {
	var given setting
	require(json.Unmarshal([]byte(os.Args[1]), &given))
	client := given.client()
	orders, answers := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	for orders.Scan() {
		var asked order
		require(json.Unmarshal(orders.Bytes(), &asked))
		if asked.Work == "measure" {
			require(answers.Encode(given.measure(client, asked.InFlight, asked.Seconds)))
		} else {
			require(given.call(client))
			require(answers.Encode(nil))
		}
	}
}
