import assert from 'node:assert/strict';
import { test } from 'node:test';

import { masked } from '../call/mask';

test('addresses, cards and phones are named, not shown', () => {
  for (const [said, shown] of [
    ['jo.doe+x@mail.example.com', '[email]'],
    ['/reset?user=jo%40example.com&x=1', '/reset?user=[email]&x=1'],
    ['my card 4111 1111 1111 1111 please', 'my card [card] please'],
    ['5500-0000-0000-0004', '[card]'],
    ['378282246310005', '[card]'],
    ['call +44 20 7946 0958 now', 'call [phone] now'],
    ['(555) 123-4567', '[phone]'],
    ['13812345678', '[phone]'],
    ['/pay?card=4111%201111%201111%201111&x=a%26b', '/pay?card=[card]&x=a%26b'],
    ['?card=4111+1111+1111+1111', '?card=[card]'],
    ['?q=my%20card%204111%201111%201111%201111', '?q=my card [card]'],
    ['?tel=%2B44%2020%207946%200958', '?tel=[phone]'],
    ['?tel=%2b442079460958', '?tel=[phone]'],
    ['?tel=%2B44+20+7946+0958', '?tel=[phone]'],
    ['?tel=%28555%29%20123-4567', '?tel=[phone]'],
    ['?mail=jo%2Bshop%40example.com', '?mail=[email]'],
  ] as const) {
    assert.deepEqual(masked({ said: [said] }), { said: [shown] }, said);
  }
  assert.deepEqual(masked({ card: 4111111111111111 }), { card: '[card]' });
});

test('what only looks like it stays', () => {
  for (const said of [
    '2026-11-29T10:00:00.000Z', '1700000000000', '1234567890123456', '4111111111111112', 'T1-2000', '12.50',
    'a@b', '@handle', '192.168.100.200', '2026.11.29', '100 200 300',
    '/a%20b?q=tents%2Bshoes&at=%40home', '/1+2/100%20200%20300', '100%',
  ]) {
    assert.deepEqual(masked({ said }), { said }, said);
  }
});

test('numbers of orders and products are no phones', () => {
  const order = { order_id: '13812345678', product_id: '123-456-7890', sku: '555 123 4567', orderId: '13912345678' };
  assert.deepEqual(masked(order), order);
  assert.deepEqual(masked({ order_id: 'jo@example.com' }), { order_id: '[email]' });
});
