// Segment's e-commerce events by their names, with the properties that they have
// (https://segment.com/docs/connections/spec/ecommerce/v2/).

import type { CallOptions, Properties, Waymark } from '../ts/types';

export interface Product extends Properties {
  product_id?: string;
  sku?: string;
  category?: string;
  name?: string;
  brand?: string;
  variant?: string;
  /** Of one. */
  price?: number;
  quantity?: number;
  coupon?: string;
  position?: number;
  url?: string;
  image_url?: string;
}

export interface Cart extends Properties {
  cart_id?: string;
  products?: Product[];
}

export interface Order extends Properties {
  order_id: string;
  checkout_id?: string;
  affiliation?: string;
  /** With discounts, without shipping and tax. */
  revenue?: number;
  total?: number;
  subtotal?: number;
  shipping?: number;
  tax?: number;
  discount?: number;
  coupon?: string;
  /** ISO 4217. */
  currency?: string;
  products?: Product[];
}

export interface Checkout extends Properties {
  checkout_id?: string;
  step?: number;
  shipping_method?: string;
  payment_method?: string;
}

export interface Listing extends Properties {
  list_id?: string;
  category?: string;
  products?: Product[];
}

export interface Filtered extends Listing {
  filters?: { type?: string; value?: string }[];
  sorts?: { type?: string; value?: string }[];
}

export interface Promotion extends Properties {
  promotion_id?: string;
  creative?: string;
  name?: string;
  position?: string;
}

export interface Coupon extends Properties {
  order_id?: string;
  cart_id?: string;
  coupon_id?: string;
  coupon_name?: string;
  discount?: number;
  reason?: string;
}

export interface Wishlist extends Product {
  wishlist_id?: string;
  wishlist_name?: string;
}

export interface Shared extends Product {
  share_via?: string;
  share_message?: string;
  recipient?: string;
}

export interface Review extends Properties {
  product_id?: string;
  review_id?: string;
  review_body?: string;
  rating?: number;
}

/** Every event of the spec, with its properties. */
export interface EcommerceEvents {
  'Products Searched': { query: string } & Properties;
  'Product List Viewed': Listing;
  'Product List Filtered': Filtered;
  'Promotion Viewed': Promotion;
  'Promotion Clicked': Promotion;
  'Product Clicked': Product;
  'Product Viewed': Product;
  'Product Added': Product & { cart_id?: string };
  'Product Removed': Product & { cart_id?: string };
  'Cart Viewed': Cart;
  'Checkout Started': Order;
  'Checkout Step Viewed': Checkout;
  'Checkout Step Completed': Checkout;
  'Payment Info Entered': Checkout & { order_id?: string };
  'Order Updated': Order;
  'Order Completed': Order;
  'Order Refunded': Order;
  'Order Cancelled': Order;
  'Coupon Entered': Coupon;
  'Coupon Applied': Coupon;
  'Coupon Denied': Coupon;
  'Coupon Removed': Coupon;
  'Product Added to Wishlist': Wishlist;
  'Product Removed from Wishlist': Wishlist;
  'Wishlist Product Added to Cart': Wishlist & { cart_id?: string };
  'Product Shared': Shared;
  'Cart Shared': Shared & Cart;
  'Product Reviewed': Review;
}

type Name = keyof EcommerceEvents;
/** `Product Added to Wishlist` becomes `productAddedToWishlist`. */
type Camel<Text extends string> = Text extends `${infer First} ${infer Rest}`
  ? `${Lowercase<First>}${Joined<Rest>}`
  : Lowercase<Text>;
type Joined<Text extends string> = Text extends `${infer First} ${infer Rest}`
  ? `${Capitalize<First>}${Joined<Rest>}`
  : Capitalize<Text>;

export type Ecommerce = {
  [Event in Name as Camel<Event>]: (properties: EcommerceEvents[Event], options?: CallOptions) => void;
};

const NAMES: { [Event in Name]: true } = {
  'Products Searched': true,
  'Product List Viewed': true,
  'Product List Filtered': true,
  'Promotion Viewed': true,
  'Promotion Clicked': true,
  'Product Clicked': true,
  'Product Viewed': true,
  'Product Added': true,
  'Product Removed': true,
  'Cart Viewed': true,
  'Checkout Started': true,
  'Checkout Step Viewed': true,
  'Checkout Step Completed': true,
  'Payment Info Entered': true,
  'Order Updated': true,
  'Order Completed': true,
  'Order Refunded': true,
  'Order Cancelled': true,
  'Coupon Entered': true,
  'Coupon Applied': true,
  'Coupon Denied': true,
  'Coupon Removed': true,
  'Product Added to Wishlist': true,
  'Product Removed from Wishlist': true,
  'Wishlist Product Added to Cart': true,
  'Product Shared': true,
  'Cart Shared': true,
  'Product Reviewed': true,
};

/** `ecommerce(waymark).orderCompleted({ order_id: 'o1', revenue: 120 })`. */
export function ecommerce(waymark: Pick<Waymark, 'track'>): Ecommerce {
  const calls = Object.keys(NAMES).map((event) => [
    method(event),
    (properties: Properties, options?: CallOptions) => waymark.track(event, properties, options),
  ]);
  return Object.fromEntries(calls) as Ecommerce;
}

const method = (event: string): string =>
  event
    .split(' ')
    .map((word, at) => (at ? word[0]!.toUpperCase() + word.slice(1) : word.toLowerCase()))
    .join('');
