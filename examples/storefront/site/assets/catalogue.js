// Written by generate.mjs from products.json.
export default {
 "tent-alcove-2": {
  "name": {
   "en": "Alcove 2",
   "zh": "Alcove 2 双人帐"
  },
  "category": "tents",
  "price": 329,
  "stock": 24,
  "image": "/assets/img/tent-alcove-2.svg"
 },
 "tent-meridian-3": {
  "name": {
   "en": "Meridian 3",
   "zh": "Meridian 3 隧道帐"
  },
  "category": "tents",
  "price": 489,
  "stock": 11,
  "image": "/assets/img/tent-meridian-3.svg"
 },
 "tent-cirrus-1": {
  "name": {
   "en": "Cirrus 1",
   "zh": "Cirrus 1 轻量帐"
  },
  "category": "tents",
  "price": 279,
  "stock": 3,
  "image": "/assets/img/tent-cirrus-1.svg"
 },
 "tent-basecamp-4": {
  "name": {
   "en": "Basecamp 4",
   "zh": "Basecamp 4 四季帐"
  },
  "category": "tents",
  "price": 749,
  "stock": 6,
  "image": "/assets/img/tent-basecamp-4.svg"
 },
 "tent-monsoon-tarp": {
  "name": {
   "en": "Monsoon Hammock",
   "zh": "Monsoon 吊床天幕"
  },
  "category": "tents",
  "price": 149,
  "stock": 40,
  "image": "/assets/img/tent-monsoon-tarp.svg"
 },
 "tent-bellweather-6": {
  "name": {
   "en": "Bellweather 6",
   "zh": "Bellweather 6 钟形帐"
  },
  "category": "tents",
  "price": 899,
  "stock": 4,
  "image": "/assets/img/tent-bellweather-6.svg"
 },
 "pack-kelpie-18": {
  "name": {
   "en": "Kelpie 18",
   "zh": "Kelpie 18 日用包"
  },
  "category": "packs",
  "price": 89,
  "stock": 60,
  "image": "/assets/img/pack-kelpie-18.svg"
 },
 "pack-traverse-38": {
  "name": {
   "en": "Traverse 38",
   "zh": "Traverse 38 徒步包"
  },
  "category": "packs",
  "price": 199,
  "stock": 18,
  "image": "/assets/img/pack-traverse-38.svg"
 },
 "pack-summit-55": {
  "name": {
   "en": "Summit 55",
   "zh": "Summit 55 登山包"
  },
  "category": "packs",
  "price": 289,
  "stock": 9,
  "image": "/assets/img/pack-summit-55.svg"
 },
 "pack-drift-30": {
  "name": {
   "en": "Drift 30 Dry",
   "zh": "Drift 30 防水包"
  },
  "category": "packs",
  "price": 139,
  "stock": 27,
  "image": "/assets/img/pack-drift-30.svg"
 },
 "sleep-ember-down": {
  "name": {
   "en": "Ember Down Bag",
   "zh": "Ember 羽绒睡袋"
  },
  "category": "sleep",
  "price": 259,
  "stock": 15,
  "image": "/assets/img/sleep-ember-down.svg"
 },
 "sleep-lull-mat": {
  "name": {
   "en": "Lull Mat",
   "zh": "Lull 充气睡垫"
  },
  "category": "sleep",
  "price": 119,
  "stock": 33,
  "image": "/assets/img/sleep-lull-mat.svg"
 },
 "stove-spark-gas": {
  "name": {
   "en": "Spark Gas Stove",
   "zh": "Spark 气炉"
  },
  "category": "kitchen",
  "price": 65,
  "stock": 52,
  "image": "/assets/img/stove-spark-gas.svg"
 },
 "stove-hearth-pots": {
  "name": {
   "en": "Hearth Pot Set",
   "zh": "Hearth 套锅"
  },
  "category": "kitchen",
  "price": 79.9,
  "stock": 0,
  "image": "/assets/img/stove-hearth-pots.svg"
 }
};
