// A random agent on Node and nothing else, as gym-http-api's client in JavaScript would have it: node agent.js URL DIRECTORY
//
// It says what that client says: a form type where it sends nothing, no slash behind reset, step and the spaces, a
// picture with every step, and the end of the monitor and the upload at once. Whatever is not as promised ends it.
'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');

const EPISODES = 5;
const [base, directory] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true });
const sockets = new Set();

function ask(method, path, data) {
  const body = method === 'POST' ? (data ? JSON.stringify(data) : '') : undefined;
  const type = data ? 'application/json;charset=utf-8' : 'application/x-www-form-urlencoded';
  const headers = { Accept: 'application/json, text/plain, */*' };
  if (body !== undefined) Object.assign(headers, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  return new Promise((resolve, reject) => {
    const request = http.request(base + path, { method, headers, agent }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => {
        const text = Buffer.concat(parts).toString();
        if (answer.statusCode >= 300) return reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
        resolve({ status: answer.statusCode, type: answer.headers['content-type'], text });
      });
    });
    request.on('socket', (socket) => sockets.add(socket));
    request.on('error', reject);
    request.end(body);
  });
}

async function value(method, path, data) {
  const { status, type, text } = await ask(method, path, data);
  assert.equal(status, 200);
  assert.equal(type, 'application/json');
  const found = JSON.parse(text);
  assert.notEqual(typeof found.message, 'string');
  return found;
}

async function nothing(path, data) {
  assert.deepEqual(await ask('POST', path, data), { status: 204, type: 'text/html; charset=utf-8', text: '' });
}

function checkObservation(observation) {
  assert.equal(observation.length, 4);
  assert.ok(observation.every(Number.isFinite));
}

async function playEpisode(instance, actions) {
  checkObservation((await value('POST', `${instance}/reset`)).observation);
  for (let steps = 1; ; steps += 1) {
    const action = Math.floor(Math.random() * actions);
    const step = await value('POST', `${instance}/step`, { action, render: true });
    checkObservation(step.observation);
    assert.equal(step.reward, 1);
    assert.deepEqual(step.info, {});
    assert.equal(typeof step.done, 'boolean');
    if (step.done) return steps;
  }
}

async function main() {
  const { instance_id: id } = await value('POST', '/v1/envs/', { env_id: 'CartPole-v0' });
  const instance = `/v1/envs/${id}`;
  assert.equal((await value('GET', '/v1/envs/')).all_envs[id], 'CartPole-v0');
  const { info } = await value('GET', `${instance}/action_space`);
  assert.deepEqual(info, { name: 'Discrete', n: 2 });
  assert.deepEqual((await value('GET', `${instance}/observation_space`)).info.shape, [4]);
  await nothing(`${instance}/monitor/start/`, { directory, force: true, resume: false });
  const lengths = [];
  for (let episode = 0; episode < EPISODES; episode += 1) lengths.push(await playEpisode(instance, info.n));
  const connections = sockets.size;
  await Promise.all([
    nothing(`${instance}/monitor/close/`),
    nothing('/v1/upload/', { training_dir: directory, algorithm_id: 'javascript', api_key: 'k' }),
  ]);
  await nothing(`${instance}/close/`);
  await assert.rejects(ask('POST', `${instance}/close/`), /400 .*"message":"Instance_id/);
  agent.destroy();
  console.log(JSON.stringify({ lengths, connections }));
}

main();
